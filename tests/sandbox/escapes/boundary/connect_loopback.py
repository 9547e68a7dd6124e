"""Category: network. Escape proof: canary listener accepts a connection."""



def attack(ctx, report):
    import socket
    socket.create_connection(("127.0.0.1", ctx["port"]), 2).sendall(b"escaped")
