package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// audit reads every collection from end to end, and reports what was
// acknowledged and is not there exactly once.
func (r *rehearsal) audit(ctx context.Context) error {
	for _, collection := range asked() {
		r.screen.progress("audit of "+collection, r.count)
		seen, err := readAll(ctx, r.region.URL(), collection)
		if err != nil {
			return fmt.Errorf("audit of %s: %w", collection, err)
		}
		a := auditOf(collection, r.ledger.written(collection), seen)
		r.report.Audit = append(r.report.Audit, a)
		r.screen.audit(a)
	}
	return nil
}

func auditOf(collection string, written []string, seen map[string]int) Audit {
	a := Audit{Collection: collection, Written: len(written)}
	for _, id := range written {
		if seen[id] != 1 {
			a.Unexplained = append(a.Unexplained, fmt.Sprintf("%s: %q was acknowledged and is there %d times", collection, id, seen[id]))
		}
	}
	return a
}

// readAll counts how often each id is in a collection, page by page.
func readAll(ctx context.Context, url, collection string) (map[string]int, error) {
	seen := map[string]int{}
	for next := collection + "?limit=100"; next != ""; {
		header, body, err := get(ctx, url+next)
		if err != nil {
			return nil, err
		}
		items, err := decode[[]item](body)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			seen[item.ID]++
		}
		next = nextPage(header)
	}
	return seen, nil
}

// nextPage reads a Link header of the relation "next" (RFC 8288).
func nextPage(header http.Header) string {
	target, relation, _ := strings.Cut(header.Get("Link"), ">")
	if !strings.Contains(relation, `rel="next"`) {
		return ""
	}
	return strings.TrimPrefix(target, "<")
}

// get wants a 200.
func get(ctx context.Context, url string) (http.Header, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: status %d: %.100s", url, response.StatusCode, body)
	}
	return response.Header, body, err
}
