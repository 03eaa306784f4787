//! A Rust program with many threads, for the differential tests: what its standard library asks of a kernel.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex, RwLock, mpsc};
use std::thread;
use std::time::Duration;

fn many_threads() {
    let counter = Arc::new(AtomicU64::new(0));
    let workers: Vec<_> = (0..200)
        .map(|number| {
            let counter = counter.clone();
            thread::spawn(move || counter.fetch_add(number, Ordering::Relaxed))
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    println!("sum {}", counter.load(Ordering::Relaxed));
}

fn channels() {
    let (sender, receiver) = mpsc::sync_channel(8);
    for worker in 0..16u64 {
        let sender = sender.clone();
        thread::spawn(move || (0..500).for_each(|number| sender.send(worker * 1000 + number).unwrap()));
    }
    drop(sender);
    println!("received {}", receiver.iter().sum::<u64>());
}

fn locks() {
    let map = Arc::new(RwLock::new(HashMap::new()));
    let (turn, changed) = (Mutex::new(0), Condvar::new());
    thread::scope(|scope| {
        for worker in 0..8 {
            let (map, turn, changed) = (&map, &turn, &changed);
            scope.spawn(move || {
                let mut now = turn.lock().unwrap();
                while *now != worker {
                    now = changed.wait(now).unwrap();
                }
                map.write().unwrap().insert(worker, worker * worker);
                *now += 1;
                changed.notify_all();
            });
        }
    });
    let map = map.read().unwrap();
    println!("in turn {:?}", (0..8).map(|key| map[&key]).collect::<Vec<_>>());
}

fn barriers() {
    let barrier = Barrier::new(12);
    let leaders = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                for _ in 0..100 {
                    if barrier.wait().is_leader() {
                        leaders.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    println!("leaders {}", leaders.into_inner());
}

fn sockets() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        for connection in listener.incoming().take(40) {
            let mut connection = connection.unwrap();
            thread::spawn(move || {
                let mut byte = [0];
                connection.read_exact(&mut byte).unwrap();
                connection.write_all(&[byte[0] + 1]).unwrap();
            });
        }
    });
    let clients: Vec<_> = (0..40u8)
        .map(|number| {
            thread::spawn(move || {
                let mut connection = TcpStream::connect(address).unwrap();
                connection.write_all(&[number]).unwrap();
                let mut byte = [0];
                connection.read_exact(&mut byte).unwrap();
                u64::from(byte[0])
            })
        })
        .collect();
    println!("echoes {}", clients.into_iter().map(|client| client.join().unwrap()).sum::<u64>());
    server.join().unwrap();
}

fn main() {
    many_threads();
    channels();
    locks();
    barriers();
    sockets();
    std::panic::set_hook(Box::new(|_| println!("panics")));
    let panicked = thread::Builder::new().name("doomed".into()).spawn(|| panic!("on purpose")).unwrap().join();
    println!("panicked {}", panicked.is_err());
    let parked = thread::spawn(|| thread::park_timeout(Duration::from_mins(1)));
    parked.thread().unpark();
    parked.join().unwrap();
    let children: Vec<_> =
        (0..5).map(|status| Command::new("sh").args(["-c", &format!("exit {status}")]).spawn().unwrap()).collect();
    let codes: Vec<_> = children.into_iter().map(|mut child| child.wait().unwrap().code()).collect();
    println!("children {codes:?}");
}
