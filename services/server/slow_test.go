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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSlowClients holds connections open in each way that a client can, and measures
// when the server closes them.
func TestSlowClients(t *testing.T) {
	for name, c := range map[string]struct {
		request, repeated string
		patience          time.Duration
	}{
		"sends one byte": {"G", "", 5 * time.Second},
		"slow headers":   {"POST /read HTTP/1.1\r\nHost: x\r\nX: ", "x", 5 * time.Second},
		"slow body":      {"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", " ", 15 * time.Second},
		"idle":           {"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "", 4010 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := dial(t, nil)
				begin := time.Now()
				var writing sync.WaitGroup
				writing.Go(func() {
					_, err := io.WriteString(client, c.request)
					for err == nil && c.repeated != "" {
						time.Sleep(time.Second)
						_, err = io.WriteString(client, c.repeated)
					}
				})
				io.Copy(io.Discard, client)
				// net/http waits for half a second before it closes a connection.
				assert.GreaterOrEqual(t, time.Since(begin), c.patience)
				assert.LessOrEqual(t, time.Since(begin), c.patience+time.Second)
				writing.Wait()
			})
		})
	}
}

// TestClientsThatDoNotRead has a client that does not read its response.
func TestClientsThatDoNotRead(t *testing.T) {
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
		require.Error(t, err, "the write")
		assert.Equal(t, 30*time.Second, time.Since(begin), "the time of the write")
	})
}

// dial starts a server and returns a connection to it. POST /read runs the handler,
// or reads a body if that is nil.
func dial(t *testing.T, read Handler) net.Conn {
	s, err := New("test", func(string) string { return "" }, io.Discard)
	require.NoError(t, err)
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

// single is a listener with one connection.
type single chan net.Conn

func (s single) Accept() (net.Conn, error) {
	if c, ok := <-s; ok {
		return c, nil
	}
	return nil, errors.New("closed")
}
func (s single) Close() error   { return nil }
func (s single) Addr() net.Addr { return &net.TCPAddr{} }
