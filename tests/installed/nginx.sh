# "$@" is the server, on either side; what drives it runs on the host.
"$@" &
server=$!
until curl -so /dev/null http://127.0.0.1:7392/; do
    kill -0 $server 2>/dev/null || { wait $server; exit; }
    sleep 0.1
done
curl -s http://127.0.0.1:7392/small
curl -s http://127.0.0.1:7392/large | sha256sum
curl -sr 1000000-1000099 http://127.0.0.1:7392/large | sha256sum
curl -so /dev/null -w '%{http_code}\n' http://127.0.0.1:7392/missing
curl -s --compressed http://127.0.0.1:7392/text.html | wc -c
curl -s -T large http://127.0.0.1:7392/upload/copy -w '%{http_code}\n'
cmp large upload/copy && echo "same after PUT"
wrk -t 1 -c 20 -d 2s http://127.0.0.1:7392/small >wrk.txt
grep -c 'Requests/sec: *[1-9]' wrk.txt
grep 'Socket errors\|Non-2xx' wrk.txt
kill -HUP "$(cat nginx.pid)"
wrk -t 1 -c 20 -d 1s -H "Connection: close" http://127.0.0.1:7392/text.html >wrk.txt
grep -c 'Requests/sec: *[1-9]' wrk.txt
grep 'Non-2xx' wrk.txt
kill -QUIT "$(cat nginx.pid)"
wait $server
echo "server: $?"
grep -v ' \[notice\] ' error.log | cut -d ' ' -f 5-
rm -rf wrk.txt error.log access.log temporary
exit 0
