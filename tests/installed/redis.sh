# "$@" is the server, on either side; what drives it runs on the host.
"$@" >server.log &
server=$!
until [ "$(redis-cli -p 7391 ping 2>/dev/null)" = PONG ]; do
    kill -0 $server 2>/dev/null || { wait $server; exit; }
    sleep 0.1
done
redis-benchmark -p 7391 -n 1000 -c 20 -P 4 -t ping,set,get,incr,lpush,rpop,sadd,hset,zadd,mset --csv | cut -d, -f1
redis-benchmark -p 7391 -n 200 -c 5 -d 100000 -t set,get --csv | cut -d, -f1
seq 1 5000 | sed 's/.*/SET key& value&/' | redis-cli -p 7391 --pipe | tail -n 1
redis-cli -p 7391 eval 'local s = 0; for i = 1, 5000 do s = s + #redis.call("GET", "key" .. i) end; return s' 0
redis-cli -p 7391 bgsave
until redis-cli -p 7391 info persistence | grep -q 'rdb_bgsave_in_progress:0'; do sleep 0.1; done
redis-cli -p 7391 config set appendonly yes
until redis-cli -p 7391 info persistence | grep -q 'aof_rewrite_scheduled:0' &&
    redis-cli -p 7391 info persistence | grep -q 'aof_rewrite_in_progress:0'; do sleep 0.1; done
redis-cli -p 7391 info persistence | tr -d '\r' | grep 'rdb_last_bgsave_status\|aof_last_bgrewrite_status\|rdb_saves'
redis-cli -p 7391 dbsize
redis-cli -p 7391 shutdown
wait $server
echo "server: $?"
redis-check-rdb dump.rdb | grep -c 'looks OK\|RDB looks'
rm -rf server.log dump.rdb appendonlydir
exit 0
