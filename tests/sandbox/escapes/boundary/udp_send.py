"""Category: network. Escape proof: canary UDP socket receives a datagram."""



def attack(ctx, report):
    import socket
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b"escaped", ("127.0.0.1", ctx["port"])); report("sent")
