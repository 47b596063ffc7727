package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.com/strangler/services/traffic"
)

// audit reads back what was written to every path, and reports what was
// acknowledged and is not there exactly once.
func (r *rehearsal) audit(ctx context.Context) error {
	if !slices.ContainsFunc(r.kinds, func(k traffic.Kind) bool { return k.Writes != nil }) {
		r.screen.line("left out: the audit, as no request writes")
	}
	for _, path := range r.kinds.Paths() {
		writer := r.kinds.Writer(path)
		if writer == nil {
			continue
		}
		r.screen.progress("audit of "+path, r.count)
		written := r.ledger.written(path)
		seen, err := readBack(ctx, r.region.URL(), writer.Header["Host"], *writer.Writes, written)
		if err != nil {
			return fmt.Errorf("audit of %s: %w", path, err)
		}
		a := auditOf(path, written, seen)
		r.report.Audit = append(r.report.Audit, a)
		r.screen.audit(a)
	}
	return nil
}

func auditOf(path string, written []values, seen map[string]int) Audit {
	a := Audit{Path: path, Written: len(written)}
	for _, item := range written {
		if seen[item.id] != 1 {
			a.Unexplained = append(a.Unexplained, fmt.Sprintf("%s: %q was acknowledged and is there %d times", path, item.id, seen[item.id]))
		}
	}
	return a
}

// readBack counts how often each id is there, on a host or, if that is empty, any.
func readBack(ctx context.Context, at, host string, item traffic.Item, written []values) (map[string]int, error) {
	if strings.Contains(item.ReadBack, traffic.ID) || strings.Contains(item.ReadBack, traffic.Number) {
		return readEach(ctx, at, host, item, written)
	}
	return readAll(ctx, at, host, item)
}

// readEach reads every item that was written by a target of its own.
func readEach(ctx context.Context, at, host string, item traffic.Item, written []values) (map[string]int, error) {
	seen := map[string]int{}
	for _, v := range written {
		target := v.fill(item.ReadBack, url.PathEscape)
		status, _, body, err := read(ctx, at+target, host)
		switch {
		case err != nil:
			return nil, err
		case status == http.StatusNotFound:
			continue
		case status != http.StatusOK:
			return nil, unexpected(at+target, status, body)
		}
		found, err := decode[map[string]any](body)
		if err != nil {
			return nil, err
		}
		seen[fieldOf(found, item.ID)]++
	}
	return seen, nil
}

// readAll reads a list from end to end, page by page.
func readAll(ctx context.Context, at, host string, item traffic.Item) (map[string]int, error) {
	seen := map[string]int{}
	for page := at + item.ReadBack; page != ""; {
		status, header, body, err := read(ctx, page, host)
		if err != nil {
			return nil, err
		}
		if status != http.StatusOK {
			return nil, unexpected(page, status, body)
		}
		items, err := decode[[]map[string]any](body)
		if err != nil {
			return nil, err
		}
		for _, found := range items {
			seen[fieldOf(found, item.ID)]++
		}
		if page, err = nextPage(page, header); err != nil {
			return nil, err
		}
	}
	return seen, nil
}

// nextPage reads a Link header of the relation "next" (RFC 8288), which may be
// relative to the page that it comes with. Without one it is "".
func nextPage(page string, header http.Header) (string, error) {
	target, relation, _ := strings.Cut(header.Get("Link"), ">")
	if !strings.Contains(relation, `rel="next"`) {
		return "", nil
	}
	base, err := url.Parse(page)
	if err != nil {
		return "", err
	}
	next, err := base.Parse(strings.TrimPrefix(target, "<"))
	if err != nil {
		return "", err
	}
	return next.String(), nil
}

func unexpected(url string, status int, body []byte) error {
	return fmt.Errorf("GET %s: status %d: %.100s", url, status, body)
}

// read sends a GET and reads the whole answer.
func read(ctx context.Context, url, host string) (status int, header http.Header, body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, nil, err
	}
	request.Host = cmp.Or(host, request.Host)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, response.Header, body, err
}
