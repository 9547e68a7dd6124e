"""Category: network. Escape proof: canary abstract unix socket accepts."""



def attack(ctx, report):
    import socket
    s = socket.socket(socket.AF_UNIX); s.connect(ctx["abstract"]); report("connected")
