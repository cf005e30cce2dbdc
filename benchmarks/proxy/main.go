// Command proxy stands between a client and an object store on this machine. It delays each
// direction by half a round trip, lets a new connection pay one more, shares a bandwidth per
// direction, and counts requests by kind, bytes and connections.
//
//	proxy -listen 127.0.0.1:P -target 127.0.0.1:Q -control 127.0.0.1:R
//
// GET /reset?rtt=30&mbps=50 on the control address sets round trip (ms) and bandwidth (MB/s, 0: no
// limit) and clears the counters; GET /stats returns them as JSON.
//
// It is written in Go because a proxy in Python would eat the cores that the tools are measured on.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const chunkBytes = 64 << 10

// link is what all connections share: the delay, a bandwidth per direction, and the counters.
type link struct {
	mu       sync.Mutex
	half     time.Duration
	rate     float64 // bytes per second, 0: no limit
	free     [2]time.Time
	requests map[string]int
	bytes    [2]atomic.Int64
	conns    atomic.Int64
}

const (
	up   = 0
	down = 1
)

func (l *link) reset(rtt time.Duration, rate float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.half, l.rate = rtt/2, rate
	l.free = [2]time.Time{}
	l.requests = map[string]int{}
	l.bytes[up].Store(0)
	l.bytes[down].Store(0)
	l.conns.Store(0)
}

// arrival says when a chunk that is sent now reaches the other end.
func (l *link) arrival(direction, size int) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.rate > 0 {
		if l.free[direction].Before(now) {
			l.free[direction] = now
		}
		l.free[direction] = l.free[direction].Add(time.Duration(float64(size) / l.rate * 1e9))
		now = l.free[direction]
	}
	return now.Add(l.half)
}

func (l *link) count(chunk []byte) {
	kind := kindOf(chunk)
	if kind == "" {
		return
	}
	l.mu.Lock()
	l.requests[kind]++
	l.mu.Unlock()
}

// kindOf names the request that starts with chunk; "" where none does.
func kindOf(chunk []byte) string {
	line, _, _ := bytes.Cut(chunk, []byte("\r\n"))
	method, rest, found := bytes.Cut(line, []byte(" "))
	if !found || !bytes.HasSuffix(line, []byte("HTTP/1.1")) {
		return ""
	}
	switch string(method) {
	case "GET":
		if bytes.Contains(rest, []byte("list-type=2")) || bytes.Contains(rest, []byte("?prefix=")) {
			return "LIST"
		}
		return "GET"
	case "PUT", "POST", "HEAD", "DELETE":
		return string(method)
	}
	return ""
}

type piece struct {
	body []byte
	due  time.Time
}

// carry moves bytes from one side to the other, late; it returns when either side ends.
func (l *link) carry(from, to net.Conn, direction int, answered *atomic.Bool) {
	queue := make(chan piece, 1024)
	go func() {
		defer close(queue)
		for {
			buffer := make([]byte, chunkBytes)
			size, err := from.Read(buffer)
			if size > 0 {
				l.bytes[direction].Add(int64(size))
				if direction == down {
					answered.Store(true)
				} else if answered.Swap(false) {
					l.count(buffer[:size])
				}
				queue <- piece{buffer[:size], l.arrival(direction, size)}
			}
			if err != nil {
				return
			}
		}
	}()
	for next := range queue {
		time.Sleep(time.Until(next.due))
		if _, err := to.Write(next.body); err != nil {
			break
		}
	}
	to.(*net.TCPConn).CloseWrite()
	for range queue { // let the reader end
	}
}

func (l *link) serve(client net.Conn, target string) {
	defer client.Close()
	l.conns.Add(1)
	l.mu.Lock()
	handshake := 2 * l.half
	l.mu.Unlock()
	time.Sleep(handshake)
	server, err := net.Dial("tcp", target)
	if err != nil {
		log.Print(err)
		return
	}
	defer server.Close()
	var answered atomic.Bool
	answered.Store(true) // the first bytes of a connection are a request
	var both sync.WaitGroup
	both.Add(2)
	go func() { defer both.Done(); l.carry(client, server, up, &answered) }()
	go func() { defer both.Done(); l.carry(server, client, down, &answered) }()
	both.Wait()
}

func (l *link) control(address string) {
	http.HandleFunc("/reset", func(_ http.ResponseWriter, request *http.Request) {
		rtt, _ := strconv.ParseFloat(request.FormValue("rtt"), 64)
		mbps, _ := strconv.ParseFloat(request.FormValue("mbps"), 64)
		l.reset(time.Duration(rtt*float64(time.Millisecond)), mbps*1e6)
	})
	http.HandleFunc("/stats", func(answer http.ResponseWriter, _ *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		json.NewEncoder(answer).Encode(map[string]any{
			"requests": l.requests, "up": l.bytes[up].Load(), "down": l.bytes[down].Load(),
			"connections": l.conns.Load(),
		})
	})
	log.Fatal(http.ListenAndServe(address, nil))
}

func main() {
	listen := flag.String("listen", "", "address that clients connect to")
	target := flag.String("target", "", "address of the object store")
	control := flag.String("control", "", "address for /reset and /stats")
	flag.Parse()
	shared := &link{}
	shared.reset(0, 0)
	go shared.control(*control)
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	for {
		client, err := listener.Accept()
		if err != nil {
			if err == io.EOF {
				return
			}
			log.Print(err)
			continue
		}
		go shared.serve(client, *target)
	}
}
