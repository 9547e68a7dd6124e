# level: boundary
# category: file-write
# escape proof: the file at $ESCAPE_PROOF exists after the run

import os
import sqlite3

sqlite3.connect(os.environ["ESCAPE_PROOF"]).execute("CREATE TABLE escaped (x)")
