package server

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestSlowClients holds connections open in each way that a client has, and goes
// by how soon the server lets go of them.
func TestSlowClients(t *testing.T) {
	for name, c := range map[string]struct {
		request, dribble string
		patience         time.Duration
	}{
		"falls silent":     {"G", "", 5 * time.Second},
		"dribbles headers": {"POST /read HTTP/1.1\r\nHost: x\r\nX: ", "x", 5 * time.Second},
		"dribbles a body":  {"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", " ", 15 * time.Second},
		"stays":            {"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "", 70 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := dial(t, nil)
				begin := time.Now()
				var dribbling sync.WaitGroup
				dribbling.Go(func() {
					_, err := io.WriteString(client, c.request)
					for err == nil && c.dribble != "" {
						time.Sleep(time.Second)
						_, err = io.WriteString(client, c.dribble)
					}
				})
				io.Copy(io.Discard, client)
				// net/http lingers for half a second over a connection that it closes.
				if took := time.Since(begin); took < c.patience || took > c.patience+time.Second {
					t.Errorf("the server let go after %s, want %s", took, c.patience)
				}
				dribbling.Wait()
			})
		})
	}
}

// TestDeafClients has a client that does not read its answer.
func TestDeafClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error)
		client := dial(t, func(w http.ResponseWriter, r *http.Request) error {
			_, err := io.WriteString(w, strings.Repeat("x", 1<<20))
			ended <- err
			return nil
		})
		begin := time.Now()
		io.WriteString(client, "POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
		err := <-ended
		if took := time.Since(begin); err == nil || took != 30*time.Second {
			t.Errorf("the write ended after %s with %v, want 30s and an error", took, err)
		}
	})
}

// dial returns a connection to a server of its own. POST /read reads a body
// unless another handler takes its place.
func dial(t *testing.T, read Handler) net.Conn {
	s, err := New("test", func(string) string { return "" }, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	s.Log = slog.New(slog.DiscardHandler)
	if read == nil {
		read = func(w http.ResponseWriter, r *http.Request) error {
			_, err := decode[struct{}](w, r)
			return err
		}
	}
	s.Mux.Handle("POST /read", read)
	client, far := net.Pipe()
	once := make(single, 1)
	once <- far
	server := s.http()
	go server.Serve(once)
	t.Cleanup(func() {
		close(once)
		client.Close()
		server.Close()
	})
	return client
}

// single is a listener that one connection comes to.
type single chan net.Conn

func (s single) Accept() (net.Conn, error) {
	if c, ok := <-s; ok {
		return c, nil
	}
	return nil, errors.New("closed")
}
func (s single) Close() error   { return nil }
func (s single) Addr() net.Addr { return &net.TCPAddr{} }
