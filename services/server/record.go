package server

import (
	"context"
	"encoding/json"
	"net/http"

	"example.com/strangler/services/table"
)

// List answers with a page of the records that the request's query finds, and
// with a Link to the next page if there is one. The query function need not
// care for the page; isID tells an id of the list from a forged cursor.
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
		q.Limit = page.limit + 1 // one more tells whether there are more
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

// Get answers with the record that has the id in the path.
func Get[T table.Record](get func(ctx context.Context, id string) (T, error)) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		record, err := get(r.Context(), r.PathValue("id"))
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, record)
	}
}

// Create answers with the record built of the draft in the body, once it is
// kept. Location tells where Get finds it; nil means nowhere.
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
