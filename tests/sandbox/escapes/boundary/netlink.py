"""Category: network. Escape proof: netlink socket is created."""



def attack(ctx, report):
    import socket
    socket.socket(16, socket.SOCK_RAW, 0); report("netlink")
