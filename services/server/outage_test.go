package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/services/server"
	"example.com/strangler/services/server/servertest"
	"example.com/strangler/services/table"
	"example.com/strangler/services/table/tabletest"
)

// TestOutage has a database that throttles and then refuses connections.
func TestOutage(t *testing.T) {
	database := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"__type":"ProvisionedThroughputExceededException"}`, http.StatusBadRequest)
	}))
	store := table.NewDynamoDB[thing](tabletest.Connect(t, database.URL), "things")
	mux, log := logged()
	mux.Handle("GET /things/{id}", server.Get(store.Get))
	mux.Handle("GET /things", server.List(store.Query, func(*http.Request) table.Query {
		return table.Query{Index: table.All, Value: "thing"}
	}, isThing))
	mux.Handle("POST /things", server.Create(store.Create, func(d draft) (thing, error) { return thing{d.Name}, nil }, nil))

	try := func(t *testing.T) {
		log.Reset()
		again := map[string]string{"Retry-After": "1", "X-Served-By": "test"}
		servertest.Run(t, mux,
			servertest.Exchange{Request: "GET /things/a", Status: 503, Header: again, Contains: "try again"},
			servertest.Exchange{Request: "GET /things", Status: 503, Header: again},
			servertest.Exchange{Request: "POST /things", Body: `{"name":"a"}`, Status: 503, Header: again},
			servertest.Exchange{Request: "GET /healthz", Status: 200},
		)
		assert.Equal(t, 3, strings.Count(log.String(), "\n"), "lines, one for each failure: %s", log)
	}
	t.Run("throttled", try)
	database.Close()
	t.Run("closed", try)

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	log.Reset()
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(cancelled, "GET", "/things", nil))
	assert.Empty(t, log.String(), "a cancelled request is not logged")
}
