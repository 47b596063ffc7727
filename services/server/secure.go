package server

import "net/http"

// secure sets the headers that keep a browser from doing anything with a response but
// show it. Responses that net/http writes before it calls the mux, such as a 431, do
// not have them and repeat nothing of the request.
func secure(h http.Header, r *http.Request) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	// The load balancer terminates TLS and sets X-Forwarded-Proto. Clients ignore
	// Strict-Transport-Security over plain HTTP (RFC 6797, section 8.1), so a forged
	// X-Forwarded-Proto has no effect.
	if r.Header.Get("X-Forwarded-Proto") == "https" {
		h.Set("Strict-Transport-Security", "max-age=31536000") // a year
	}
}
