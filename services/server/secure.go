package server

import "net/http"

// secured are the headers that keep a browser from doing anything with a response but
// show it. Responses that net/http writes before it calls the mux, such as a 431, do
// not have them and repeat nothing of the request.
func secured() http.Header {
	h := http.Header{}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	return h
}

// secureTransport tells a browser that came over TLS to come so again. The load balancer
// terminates TLS and sets X-Forwarded-Proto. Clients ignore Strict-Transport-Security over plain
// HTTP (RFC 6797, section 8.1), so a forged X-Forwarded-Proto has no effect.
func secureTransport(h http.Header, r *http.Request) {
	if r.Header.Get("X-Forwarded-Proto") == "https" {
		h["Strict-Transport-Security"] = aYear
	}
}

var aYear = []string{"max-age=31536000"}
