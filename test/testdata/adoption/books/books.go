// Package books keeps and serves the library's books.
package books

import (
	"time"

	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
)

// Book is one volume.
type Book struct {
	ID      string    `json:"id"`
	Title   string    `json:"title"`
	Created time.Time `json:"created"`
}

// Draft is what a request says of a new book.
type Draft struct {
	Title string `json:"title"`
}

// Keys implements table.Record.
func (b Book) Keys() map[string]string { return map[string]string{"id": b.ID} }

func newBook(d Draft) (Book, error) {
	now := time.Now().UTC()
	return Book{ID: table.NewID(now), Title: d.Title, Created: now}, server.Text("title", d.Title, 1, 120)
}

// Mount serves the books of the table that BOOKS_TABLE names.
func Mount(mux *server.Mux, source table.Source) error {
	store, err := table.Open[Book](source, "BOOKS_TABLE", nil)
	if err != nil {
		return err
	}
	mux.Handle("POST /books", server.Create(store.Create, newBook, func(b Book) string { return "/books/" + b.ID }))
	mux.Handle("GET /books/{id}", server.Get(store.Get))
	return nil
}
