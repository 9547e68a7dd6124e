"""Category: network. Escape proof: listening socket is created."""



def attack(ctx, report):
    import socket
    s = socket.socket(); s.bind(("0.0.0.0", 0)); s.listen(); report("listening")
