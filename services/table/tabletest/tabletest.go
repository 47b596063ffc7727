// Package tabletest makes tables in DynamoDB that last as long as a test.
package tabletest

import (
	"context"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/services/table"
	"example.com/strangler/services/table/dynamotest"
)

// Embedded starts an empty DynamoDB in this process, which ends with the test, and
// returns its URL.
func Embedded(t testing.TB) string {
	t.Helper()
	server := httptest.NewServer(dynamotest.New())
	t.Cleanup(server.Close)
	return server.URL
}

// Connect sets the environment of a program for the DynamoDB at the URL and returns
// the program's client. Variables of the AWS SDK that are set keep their values.
func Connect(t testing.TB, url string) *dynamodb.Client {
	t.Helper()
	for name, value := range dynamotest.Environment(url) {
		if os.Getenv(name) == "" || name == "AWS_ENDPOINT_URL_DYNAMODB" {
			t.Setenv(name, value)
		}
	}
	client, err := table.NewClient()
	require.NoError(t, err)
	return client
}

// New creates an empty table with the keys that a catalog declares, so that a
// program's queries run against the keys that are deployed. It is deleted with the
// test.
func New[T table.Record](t *testing.T, client *dynamodb.Client, declared services.Table) table.Table[T] {
	t.Helper()
	name := "test-" + table.NewID(time.Now())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, dynamotest.Create(ctx, client, name, dynamotest.SchemaOf(declared)))
	t.Cleanup(func() {
		_, err := client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &name})
		assert.NoError(t, err, "delete table %s", name)
	})
	return table.NewDynamoDB[T](client, name)
}

// Each runs a test twice on a table that holds the seed: in memory and in the embedded
// DynamoDB.
func Each[T table.Record](t *testing.T, declared services.Table, seed []T, test func(*testing.T, table.Table[T])) {
	t.Run("memory", func(t *testing.T) { test(t, table.NewMemory(seed...)) })
	t.Run("DynamoDB", func(t *testing.T) {
		stored := New[T](t, Connect(t, Embedded(t)), declared)
		for _, record := range seed {
			require.NoError(t, stored.Create(t.Context(), record))
		}
		test(t, stored)
	})
}
