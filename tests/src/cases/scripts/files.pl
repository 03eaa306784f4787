use strict; use warnings; use Fcntl qw(:flock SEEK_SET); use File::Path qw(make_path remove_tree);
make_path("p/q/r");
open(my $out, ">", "p/lines") or die $!;
print $out "line $_ ", "x" x ($_ % 50), "\n" for 1 .. 5000;
close $out;
open(my $in, "+<", "p/lines") or die $!;
flock($in, LOCK_EX | LOCK_NB) or die $!;
my ($count, $sum) = (0, 0);
while (my $line = <$in>) { $count++; $sum += length $line; }
seek($in, 100, SEEK_SET); read($in, my $part, 30);
print "$count $sum $part\n";
close $in;
rename "p/lines", "p/q/lines" or die $!;
symlink "q/lines", "p/link" or die $!;
print join(",", map { sprintf "%s:%o", $_, (lstat "p/$_")[2] } sort grep { !/^\./ } do { opendir my $d, "p" or die $!; readdir $d }), "\n";
print -s "p/link", " ", (-l "p/link" ? "link" : "no link"), " ", (-d "p/q" ? "folder" : "no folder"), "\n";
open(my $missing, "<", "nowhere/at/all") or print "error: $!\n";
utime 1, 2, "p/q/lines"; chmod 0604, "p/q/lines";
remove_tree("p/q/r");
