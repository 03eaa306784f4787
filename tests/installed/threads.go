// Goroutines by the thousand, threads that block in calls, channels, a server on the loopback, garbage, a child.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func goroutines() {
	var sum atomic.Int64
	var all sync.WaitGroup
	numbers := make(chan int, 16)
	for i := 0; i < 2000; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for n := range numbers {
				sum.Add(int64(n))
			}
		}()
	}
	for n := 1; n <= 100000; n++ {
		numbers <- n
	}
	close(numbers)
	all.Wait()
	fmt.Println("goroutines", sum.Load())
}

func lockedThreads() {
	var all sync.WaitGroup
	ids := make(chan int, 64)
	gate := make(chan bool)
	for i := 0; i < 64; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			runtime.LockOSThread()
			ids <- syscall.Gettid()
			<-gate
		}()
	}
	different := map[int]bool{}
	for i := 0; i < 64; i++ {
		different[<-ids] = true
	}
	close(gate)
	all.Wait()
	fmt.Println("threads", len(different))
}

func blockingReads() {
	var all sync.WaitGroup
	var read atomic.Int64
	for i := 0; i < 32; i++ {
		var pipe [2]int
		if err := syscall.Pipe(pipe[:]); err != nil {
			panic(err)
		}
		all.Add(1)
		go func() {
			defer all.Done()
			n, _ := syscall.Read(pipe[0], make([]byte, 8))
			read.Add(int64(n))
		}()
		go func() {
			time.Sleep(10 * time.Millisecond)
			syscall.Write(pipe[1], []byte("1234"))
		}()
	}
	all.Wait()
	fmt.Println("read", read.Load())
}

func server() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				line, _ := bufio.NewReader(connection).ReadString('\n')
				fmt.Fprintf(connection, "echo %s", line)
				connection.Close()
			}()
		}
	}()
	var all sync.WaitGroup
	var right atomic.Int64
	for i := 0; i < 100; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			connection, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				return
			}
			fmt.Fprintf(connection, "%d\n", i)
			line, _ := bufio.NewReader(connection).ReadString('\n')
			if line == fmt.Sprintf("echo %d\n", i) {
				right.Add(1)
			}
			connection.Close()
		}(i)
	}
	all.Wait()
	listener.Close()
	fmt.Println("echoes", right.Load())
}

func garbage() {
	var keep [16][]byte
	for i := 0; i < 20000; i++ {
		keep[i%16] = make([]byte, 8192)
		keep[i%16][i%8192] = byte(i)
	}
	runtime.GC()
	var statistics runtime.MemStats
	runtime.ReadMemStats(&statistics)
	fmt.Println("collected", statistics.NumGC > 1)
}

func preemption() {
	done := make(chan bool)
	var stop atomic.Bool
	for i := 0; i < runtime.GOMAXPROCS(0)+2; i++ {
		go func() {
			for !stop.Load() {
			}
		}()
	}
	go func() { stop.Store(true); done <- true }()
	<-done
	fmt.Println("preempted")
}

func main() {
	goroutines()
	lockedThreads()
	blockingReads()
	server()
	garbage()
	preemption()
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println("signal", <-caught)
	output, err := exec.Command("echo", "from", "a", "child").CombinedOutput()
	fmt.Printf("%s%v\n", output, err)
	defer fmt.Println("deferred")
	func() {
		defer func() { fmt.Println("recovered", recover()) }()
		var nothing *int
		*nothing = 1
	}()
}
