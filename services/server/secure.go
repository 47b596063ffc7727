package server

import "net/http"

// secure sets the headers that leave a browser nothing to do with an answer but
// show it, good or bad. Only what net/http refuses before it asks the mux, such
// as a header that is too large, goes out without them, and repeats nothing.
func secure(h http.Header, r *http.Request) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	// The load balancer ends TLS and says so. Over plain HTTP the header means
	// nothing (RFC 6797, section 8.1), so who forges it gains nothing.
	if r.Header.Get("X-Forwarded-Proto") == "https" {
		h.Set("Strict-Transport-Security", "max-age=31536000") // a year
	}
}
