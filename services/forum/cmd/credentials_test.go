//go:build unix

package cmd_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/services/table/dynamotest"
)

// A task has no keys in its environment, only the path of its role's credentials at ECS.
func TestProgramTakesTheTaskRolesCredentials(t *testing.T) {
	// The address of ECS is reachable only in a task, so the test serves it as a proxy.
	ecs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.String() != "http://169.254.170.2/v2/credentials/task" {
			http.Error(w, "no such role", http.StatusNotFound)
			return
		}
		io.WriteString(w, `{"AccessKeyId":"TASKROLE","SecretAccessKey":"s","Token":"session","Expiration":"2099-01-01T00:00:00Z"}`)
	}))
	defer ecs.Close()
	var signed http.Header
	tables := dynamotest.New()
	database := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signed = r.Header
		tables.ServeHTTP(w, r)
	}))
	defer database.Close()

	p := start(t, "users", "USERS_TABLE=users", "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL_DYNAMODB="+database.URL,
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/task", "HTTP_PROXY="+ecs.URL)
	get(t, p.url+"/api/users")
	assert.Contains(t, signed.Get("Authorization"), "Credential=TASKROLE/")
	assert.Equal(t, "session", signed.Get("X-Amz-Security-Token"))
}
