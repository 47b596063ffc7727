package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"example.com/forum/services/server"
)

// slowClients is how many clients dribble their bodies, and how many send one
// that is too large.
const slowClients = 20

// dribbles are clients that promise a body and send a byte of it now and then.
type dribbles struct {
	connections []net.Conn
	all         sync.WaitGroup
	ended       atomic.Int32
}

// dribble connects the slow clients.
func dribble(ctx context.Context, target string) (*dribbles, error) {
	to, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	d := &dribbles{}
	for range slowClients {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", to.Host)
		if err != nil {
			return nil, err
		}
		d.connections = append(d.connections, connection)
		fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n", to.Path, to.Host)
		ended, end := context.WithCancel(ctx)
		d.all.Go(func() {
			// Whatever is said or done on the other side, it ends the wait.
			io.CopyN(io.Discard, connection, 1)
			d.ended.Add(1)
			end()
		})
		go func() {
			for sleep(ended, time.Second) {
				connection.Write([]byte(" "))
			}
		}()
	}
	return d, nil
}

func (d *dribbles) close() {
	for _, connection := range d.connections {
		connection.Close()
	}
	d.all.Wait()
}

// slowClients waits until the programs have put an end to each slow client, and
// sends bodies that are one byte too large. Nobody else may notice.
func (r *rehearsal) slowClients(slow *dribbles) fault {
	last := r.catalog.Services[len(r.catalog.Services)-1]
	return fault{
		name: "bad clients", hit: fmt.Sprintf("%d slow bodies, %d of 64 KiB + 1", slowClients, slowClients), harmless: true,
		inflict: func(ctx context.Context) (string, error) {
			for range slowClients {
				status, err := post(ctx, r.region.URL()+last.Paths[0], bytes.Repeat([]byte(" "), server.MaxBody+1))
				if err != nil {
					return "", err
				}
				if status != http.StatusRequestEntityTooLarge {
					return "", fmt.Errorf("a body of 64 KiB + 1 got status %d, want 413", status)
				}
			}
			err := poll(ctx, func() bool { return slow.ended.Load() == slowClients })
			if err != nil {
				return "", fmt.Errorf("%d of %d slow clients are still served", slowClients-slow.ended.Load(), slowClients)
			}
			return "cut off, 413", nil
		},
	}
}

func post(ctx context.Context, target string, body []byte) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	response.Body.Close()
	return response.StatusCode, nil
}
