# level: boundary
# category: dns
# escape proof: the name service tells of a user

import pwd

REPORT(pwd.getpwnam("daemon").pw_dir)
