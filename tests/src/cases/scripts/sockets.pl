use strict; use warnings; use IO::Socket::INET; use IO::Socket::UNIX; use IO::Select; use Socket;
$| = 1;
my $server = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", Proto => "tcp") or die $!;
my $client = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $server->sockport, Proto => "tcp") or die $!;
my $peer = $server->accept or die $!;
$client->autoflush(1); $peer->autoflush(1);
print $client "question $_\n" for 1 .. 3;
for (1 .. 3) { my $line = <$peer>; chomp $line; print "server: $line\n"; print $peer "answer to $line\n"; }
my $select = IO::Select->new($client);
print "ready ", scalar($select->can_read(5)), "\n";
print "client: ", scalar <$client> for 1 .. 3;
close $peer;
print "end\n" unless defined <$client>;
socketpair(my $one, my $two, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die $!;
syswrite $one, "pair"; sysread $two, my $text, 10; print "$text\n";
my $path = IO::Socket::UNIX->new(Local => "perl-socket", Listen => 1) or die $!;
my $caller = IO::Socket::UNIX->new(Peer => "perl-socket") or die $!;
print -S "perl-socket" ? "socket\n" : "no socket\n";
