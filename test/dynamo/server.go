// Package dynamo brings a DynamoDB to work against: an embedded one, and tables
// on that or any other.
package dynamo

import (
	"net/http"
	"sync"

	"github.com/truora/minidyn/server"
)

// New returns an empty DynamoDB that lives in this process.
func New() http.Handler {
	var one sync.Mutex
	database := server.NewServer()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// minidyn creates and deletes tables without taking its own lock.
		one.Lock()
		defer one.Unlock()
		database.ServeHTTP(w, r)
	})
}

// Environment returns the variables that lead a program's AWS SDK to a DynamoDB
// at the URL and keep it from asking anything else.
func Environment(url string) map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": url,
		"AWS_REGION":                "eu-west-1",
		"AWS_ACCESS_KEY_ID":         "embedded",
		"AWS_SECRET_ACCESS_KEY":     "embedded",
	}
}
