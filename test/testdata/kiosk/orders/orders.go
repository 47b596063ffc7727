// Package orders keeps orders in a PostgreSQL, and serves them.
package orders

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
)

// Order is one order.
type Order struct {
	ID      string    `json:"id"`
	Item    string    `json:"item"`
	Created time.Time `json:"created"`
}

// Keys implements table.Record.
func (o Order) Keys() map[string]string { return map[string]string{"id": o.ID} }

// Draft is what a request says of a new order.
type Draft struct {
	Item string `json:"item"`
}

// Store is the table of orders. ORDERS_DATABASE_URL and DATABASE_URL name a database that has
//
//	CREATE TABLE orders (id text PRIMARY KEY, item text NOT NULL, created timestamptz NOT NULL)
type Store struct{ pool *pgxpool.Pool }

// Open connects to a database, with the first request.
func Open(url string) (Store, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return Store{}, errors.New("the database's URL is malformed") // pgx's own error has the password
	}
	config.MaxConns, config.ConnConfig.ConnectTimeout = 4, time.Second
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	return Store{pool}, err
}

// Mount serves the orders.
func (s Store) Mount(mux *server.Mux, prefix string) {
	mux.Handle("GET "+prefix+"/orders", s.newest)
	mux.Handle("GET "+prefix+"/orders/{id}", server.Get(s.get))
	mux.Handle("POST "+prefix+"/orders", server.Create(s.keep, newOrder, func(o Order) string { return prefix + "/orders/" + o.ID }))
}

func newOrder(d Draft) (Order, error) {
	now := time.Now().UTC().Truncate(time.Microsecond) // which is what PostgreSQL keeps
	return Order{ID: table.NewID(now), Item: d.Item, Created: now}, server.Text("item", d.Item, 1, 120)
}

func (s Store) keep(ctx context.Context, o Order) error {
	_, err := s.pool.Exec(ctx, "INSERT INTO orders (id, item, created) VALUES ($1, $2, $3)", o.ID, o.Item, o.Created)
	return unavailable("keep an order", err)
}

func (s Store) get(ctx context.Context, id string) (Order, error) {
	rows, err := s.pool.Query(ctx, "SELECT id, item, created FROM orders WHERE id = $1", id)
	if err != nil {
		return Order{}, unavailable("get an order", err)
	}
	o, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return o, fmt.Errorf("order %q: %w", id, table.ErrNotFound)
	}
	return o, unavailable("get an order", err)
}

// most is how many orders a list has.
const most = 10

func (s Store) newest(w http.ResponseWriter, r *http.Request) error {
	rows, err := s.pool.Query(r.Context(), "SELECT id, item, created FROM orders ORDER BY id DESC LIMIT "+strconv.Itoa(most))
	if err != nil {
		return unavailable("list orders", err)
	}
	found, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return unavailable("list orders", err)
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(append([]Order{}, found...))
}

func scan(row pgx.CollectableRow) (o Order, err error) {
	err = row.Scan(&o.ID, &o.Item, &o.Created)
	o.Created = o.Created.UTC()
	return o, err
}

// unavailable says that the database does not answer as it must.
func unavailable(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w: %w", doing, table.ErrUnavailable, err)
}
