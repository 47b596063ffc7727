package kiosk

import (
	"net/http"

	"example.com/strangler/services/traffic"
)

// Traffic is what the kiosk's clients send. Orders are read back one by one.
func Traffic() traffic.Traffic {
	api := map[string]string{"Host": "api.example.com"}
	return traffic.Traffic{
		{Name: "read", Path: "/orders", Weight: 20, Target: "/orders/{{id}}", Fields: map[string]string{"id": "{{id}}", "item": "Paper {{number}}"}},
		{Name: "newest", Path: "/orders", Weight: 4, Target: "/orders", Most: 10},
		{
			Name: "order", Path: "/orders", Method: "POST", Target: "/orders", Status: http.StatusCreated,
			Body:    `{"item":"Paper {{new}}"}`,
			Writes:  &traffic.Item{ReadBack: "/orders/{{id}}", Secret: []string{"item"}},
			Differs: []string{"created"},
		},
		{Name: "miss", Path: "/orders", Weight: 2, Target: "/orders/0", Status: http.StatusNotFound},
		{Name: "api", Path: "/v1/orders", Weight: 4, Target: "/v1/orders", Header: api, Most: 10},
		{Name: "hours", Weight: 2, Target: "/hours"},
	}
}
