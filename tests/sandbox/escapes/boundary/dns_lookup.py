"""Category: dns. Escape proof: name resolves."""



def attack(ctx, report):
    import socket
    report(socket.getaddrinfo("localhost", 80))
