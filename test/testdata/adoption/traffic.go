package library

import (
	"net/http"

	"example.com/strangler/services/traffic"
)

// Traffic is what the library's clients send. There is no list of books, so what was
// written is read back one by one.
func Traffic() traffic.Traffic {
	return traffic.Traffic{
		{Name: "read", Path: "/books", Weight: 20, Target: "/books/{{id}}", Fields: map[string]string{"id": "{{id}}", "title": "Volume {{number}}"}},
		{
			Name: "create", Path: "/books", Method: "POST", Target: "/books", Status: http.StatusCreated,
			Body:    `{"title":"Volume {{new}}"}`,
			Writes:  &traffic.Item{ReadBack: "/books/{{id}}", Secret: []string{"title"}},
			Differs: []string{"created"},
		},
		{Name: "miss", Path: "/books", Weight: 2, Target: "/books/unknown", Status: http.StatusNotFound},
		{Name: "hours", Weight: 2, Target: "/hours"},
	}
}
