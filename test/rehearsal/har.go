package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// archive is what is read of a browser's export.
//
// http://www.softwareishard.com/blog/har-12-spec/
type archive struct {
	Log *struct {
		Entries []struct {
			Request struct {
				Method  string
				URL     string
				Headers []struct{ Name, Value string }
			}
		}
	}
}

// readHAR reads a browser's export.
func readHAR(file string) (*recording, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--har: %w", err)
	}
	var a archive
	if err := json.Unmarshal(bytes.TrimPrefix(content, []byte("\ufeff")), &a); err != nil {
		return nil, fmt.Errorf("--har %s: %w", file, err)
	}
	if a.Log == nil {
		return nil, fmt.Errorf(`--har %s: no "log": want what a browser exports as HAR`, file)
	}
	r, own := newRecording("the HAR file"), busiestSite(a)
	for i, entry := range a.Log.Entries {
		at, err := url.Parse(entry.Request.URL)
		if err != nil {
			r.reject(1, fmt.Errorf("entry %d: %w", i+1, errors.Unwrap(err)))
			continue
		}
		if at.Host != "" && siteOf(at) != own {
			r.leftOut["of another site than "+own]++
			continue
		}
		var header [len(kept)]string
		for _, field := range entry.Request.Headers {
			if j := slices.IndexFunc(kept[:], func(name string) bool { return strings.EqualFold(name, field.Name) }); j >= 0 {
				header[j] = field.Value
			}
		}
		r.add(entry.Request.Method, at, header, time.Time{})
	}
	return r, nil
}

// busiestSite is the site that most requests are for. A page also asks others for fonts and
// scripts.
func busiestSite(a archive) string {
	count, busiest := map[string]int{}, ""
	for _, entry := range a.Log.Entries {
		if at, err := url.Parse(entry.Request.URL); err == nil && at.Host != "" {
			site := siteOf(at)
			if count[site]++; count[site] > count[busiest] {
				busiest = site
			}
		}
	}
	return busiest
}

// siteOf is the registered domain, such as example.com of api.example.com, or
// else the host.
func siteOf(at *url.URL) string {
	site, err := publicsuffix.EffectiveTLDPlusOne(at.Hostname())
	if err != nil {
		return at.Hostname()
	}
	return site
}
