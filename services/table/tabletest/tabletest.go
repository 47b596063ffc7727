// Package tabletest makes tables in DynamoDB that last as long as a test.
package tabletest

import (
	"context"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"example.com/strangler/services"
	"example.com/strangler/services/table"
	"example.com/strangler/services/table/dynamotest"
)

// Embedded returns the URL of a DynamoDB of the test's own.
func Embedded(t *testing.T) string {
	server := httptest.NewServer(dynamotest.New())
	t.Cleanup(server.Close)
	return server.URL
}

// Connect returns the client of a program whose environment leads to a DynamoDB
// at the URL. Variables of the AWS SDK that are set stay as they are.
func Connect(t testing.TB, url string) *dynamodb.Client {
	t.Helper()
	for name, value := range dynamotest.Environment(url) {
		if os.Getenv(name) == "" || name == "AWS_ENDPOINT_URL_DYNAMODB" {
			t.Setenv(name, value)
		}
	}
	client, err := table.NewClient()
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// New returns an empty table with the keys that a catalog declares, so that a
// program's queries are held against what is deployed.
func New[T table.Record](t *testing.T, client *dynamodb.Client, declared services.Table) table.Table[T] {
	t.Helper()
	name := "test-" + table.NewID(time.Now())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := dynamotest.Create(ctx, client, name, dynamotest.SchemaOf(declared)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &name}); err != nil {
			t.Errorf("delete table %s: %v", name, err)
		}
	})
	return table.NewDynamoDB[T](client, name)
}

// Each runs a test on the seed twice: in memory, and in the embedded DynamoDB.
func Each[T table.Record](t *testing.T, declared services.Table, seed []T, test func(*testing.T, table.Table[T])) {
	t.Run("memory", func(t *testing.T) { test(t, table.NewMemory(seed...)) })
	t.Run("DynamoDB", func(t *testing.T) {
		stored := New[T](t, Connect(t, Embedded(t)), declared)
		for _, record := range seed {
			if err := stored.Create(t.Context(), record); err != nil {
				t.Fatal(err)
			}
		}
		test(t, stored)
	})
}
