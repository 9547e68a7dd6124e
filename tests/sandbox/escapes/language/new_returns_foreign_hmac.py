# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import hmac
from calendar import day_name


class Own:
    digest_size = block_size = _hmac = 5

    def __new__(cls, *_):
        return day_name if made else super().__new__(cls)


class Copied:
    def copy(self):
        return self


made = []
own = Own()
own._hmac = Copied()
made.append(own)
type(hmac.new(b"k", digestmod="md5")).copy(own)
leak = day_name.digest_size
