package server

import (
	"context"
	"encoding/json"
	"net/http"

	"example.com/strangler/services/table"
)

// List responds with a page of the records that find returns for the request's query,
// as a JSON array, and a Link header to the next page if there is one. It reads
// ?limit= (20 without it, 100 at most) and ?cursor=, and sets the query's After and
// Limit. isID reports whether an id belongs to the list; a cursor of another id is a
// problem with status 400.
func List[T table.Record](
	find func(context.Context, table.Query) ([]T, error),
	query func(*http.Request) table.Query,
	isID func(string) bool,
) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		page, err := parsePage(r.URL.RawQuery, isID)
		if err != nil {
			return err
		}
		q := query(r)
		q.After = page.after
		q.Limit = page.limit + 1 // one more shows whether there is a next page
		records, err := find(r.Context(), q)
		if err != nil {
			return err
		}
		if len(records) > page.limit {
			records = records[:page.limit]
			last := records[page.limit-1].Keys()[table.ID]
			w.Header().Set("Link", nextPage(r.URL, last))
		}
		if records == nil {
			records = []T{}
		}
		return writeJSON(w, http.StatusOK, records)
	}
}

// Get responds with the record that has the id in the path, the wildcard {id}.
func Get[T table.Record](get func(ctx context.Context, id string) (T, error)) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		record, err := get(r.Context(), r.PathValue("id"))
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, record)
	}
}

// Create builds a record from the draft in the request's body, stores it with keep and
// responds with the record and status 201. location returns the path of the record for
// the Location header. Nil means no such header.
func Create[Draft any, T table.Record](
	keep func(context.Context, T) error,
	build func(Draft) (T, error),
	location func(T) string,
) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		draft, err := decode[Draft](w, r)
		if err != nil {
			return err
		}
		record, err := build(draft)
		if err != nil {
			return err
		}
		if err := keep(r.Context(), record); err != nil {
			return err
		}
		if location != nil {
			w.Header().Set("Location", location(record))
		}
		return writeJSON(w, http.StatusCreated, record)
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	write(w, status, "application/json", body)
	return nil
}
