import os, selectors, socket

selector = selectors.DefaultSelector()
server = socket.socket(socket.AF_UNIX)
server.bind("socket")
server.listen()
selector.register(server, selectors.EVENT_READ, "server")
client = socket.socket(socket.AF_UNIX)
client.connect("socket")
client.sendall(b"request over a path\n")
answered = False
while not answered:
    for key, _ in selector.select(timeout=10):
        if key.data == "server":
            peer, address = server.accept()
            print("accepted", repr(address))
            selector.register(peer, selectors.EVENT_READ, "peer")
        else:
            line = key.fileobj.recv(100)
            print("server got", line)
            key.fileobj.sendall(line.upper())
            answered = True
print("client got", client.recv(100))
client.close()
print("end", peer.recv(10))
pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
pair[0].send(b"first")
pair[0].send(b"second, cut")
print(pair[1].recv(100), pair[1].recv(6))
pair[1].settimeout(0.05)
try:
    pair[1].recv(1)
except TimeoutError as error:
    print(type(error).__name__, error)
print(sorted(os.listdir(".")))
