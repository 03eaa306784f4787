import select, socket

server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(8)
server.setblocking(False)
clients = []
for number in range(8):
    client = socket.socket()
    client.setblocking(False)
    try:
        client.connect(server.getsockname())
    except BlockingIOError:
        pass
    clients.append(client)
message = b"0123456789" * 20000
peers, sent, received = {}, {client: 0 for client in clients}, {client: 0 for client in clients}
while any(count < len(message) for count in received.values()):
    writable = [client for client in clients if sent[client] < len(message)]
    readable, writable, _ = select.select([server, *peers, *clients], [*writable, *(p for p in peers if peers[p])], [], 10)
    for file in readable:
        if file is server:
            peer, _ = server.accept()
            peer.setblocking(False)
            peers[peer] = b""
        elif file in peers:
            peers[file] += file.recv(65536)
        else:
            data = file.recv(65536)
            assert data == (message + message)[received[file] % 10 :][: len(data)]
            received[file] += len(data)
    for file in writable:
        if file in peers:
            peers[file] = peers[file][file.send(peers[file]) :]
        else:
            sent[file] += file.send(message[sent[file] :])
print(len(peers), sorted(received.values()))
for file in [server, *clients, *peers]:
    file.close()
