package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"example.com/strangler/services"
	"example.com/strangler/services/server"
)

// badClients is how many clients dribble their bodies, and how many send one that
// is too large.
const badClients = 20

// dribbles are clients that promise a body and send a byte of it now and then.
type dribbles struct {
	connections []net.Conn
	all         sync.WaitGroup
	began       time.Time

	mu sync.Mutex
	// ended are what became of clients, in the order of their ends.
	ended []ending
}

// ending is the status that a client was answered with, 0 for none, and how long
// it had been served.
type ending struct {
	status int
	after  time.Duration
}

// dribble connects the slow clients.
func dribble(ctx context.Context, target string) (*dribbles, error) {
	to, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	d := &dribbles{began: time.Now()}
	for range badClients {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", to.Host)
		if err != nil {
			d.close()
			return nil, err
		}
		d.connections = append(d.connections, connection)
		const headers = "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
		if _, err := fmt.Fprintf(connection, headers, to.Path, to.Host); err != nil {
			d.close()
			return nil, err
		}
		ended, end := context.WithCancel(ctx)
		d.all.Go(func() {
			defer end()
			d.end(connection)
		})
		go func() {
			for sleep(ended, time.Second) {
				_, _ = connection.Write([]byte(" "))
			}
		}()
	}
	return d, nil
}

// end waits for the end of a client.
func (d *dribbles) end(connection net.Conn) {
	status := 0
	if response, err := http.ReadResponse(bufio.NewReader(connection), nil); err == nil {
		status = response.StatusCode
		response.Body.Close()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = append(d.ended, ending{status, time.Since(d.began)})
}

func (d *dribbles) endings() []ending {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.ended)
}

func (d *dribbles) close() {
	for _, connection := range d.connections {
		connection.Close()
	}
	d.all.Wait()
}

// patience is how long a slow client may go on at least: a program that gives up
// on it at once would give up on a bad connection too.
const patience = 5 * time.Second

// slowClients sends bodies that are one byte too large to a program which also has the slow ones.
// No other request may fail for it. What the program does with them is for a program of this
// module what its server promises; of any other it is told and not judged.
func (r *rehearsal) slowClients(slow *dribbles, s services.Service, target string) fault {
	return fault{
		name: "bad clients", hit: fmt.Sprintf("%d slow bodies, %d of 64 KiB + 1", badClients, badClients), harmless: true,
		inflict: func(ctx context.Context) (string, error) {
			var large []int
			for range badClients {
				status, err := post(ctx, r.region.URL()+target, bytes.Repeat([]byte(" "), server.MaxBody+1))
				if err != nil {
					return "", err
				}
				large = append(large, status)
			}
			if s.Image.Program == "" {
				return fmt.Sprintf("%d; %d slow bodies go on", large[0], badClients-len(slow.endings())), nil
			}
			return slow.kept(ctx, large)
		},
	}
}

// kept waits for the end of each slow client, and fails unless they and the large bodies have
// been refused as services/server promises.
func (d *dribbles) kept(ctx context.Context, large []int) (string, error) {
	for _, status := range large {
		if status != http.StatusRequestEntityTooLarge {
			return "", fmt.Errorf("a body of 64 KiB + 1 got status %d, want 413", status)
		}
	}
	if err := poll(ctx, func() bool { return len(d.endings()) == badClients }); err != nil {
		return "", fmt.Errorf("%d of %d slow clients are still served", badClients-len(d.endings()), badClients)
	}
	for _, e := range d.endings() {
		if e.status != http.StatusBadRequest || e.after < patience {
			return "", fmt.Errorf("a slow client got status %d after %s, want 400 after %s or more", e.status, e.after, patience)
		}
	}
	return fmt.Sprintf("400 after %.0f s, 413", d.endings()[0].after.Seconds()), nil
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
