// Package tabletest makes tables in DynamoDB that last as long as a test.
package tabletest

import (
	"context"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"example.com/forum/services"
	"example.com/forum/services/table"
	"example.com/forum/test/dynamo"
)

// Embedded returns the URL of a DynamoDB of the test's own.
func Embedded(t *testing.T) string {
	server := httptest.NewServer(dynamo.New())
	t.Cleanup(server.Close)
	return server.URL
}

// Connect returns the client of a program whose environment leads to a DynamoDB
// at the URL. Variables of the AWS SDK that are set stay as they are.
func Connect(t testing.TB, url string) *dynamodb.Client {
	t.Helper()
	for name, value := range dynamo.Environment(url) {
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

// New returns an empty table with the keys that the catalog declares for a
// service, so that a program's queries are held against what is deployed.
func New[T table.Record](t *testing.T, client *dynamodb.Client, service string) table.Table[T] {
	t.Helper()
	catalog := services.Forum.Services
	at := slices.IndexFunc(catalog, func(s services.Service) bool { return s.Name == service })
	if at < 0 || catalog[at].Table == nil {
		t.Fatalf("the catalog has no table of %q", service)
	}
	name := service + "-" + table.NewID(time.Now())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := dynamo.Create(ctx, client, name, dynamo.SchemaOf(*catalog[at].Table)); err != nil {
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
func Each[T table.Record](t *testing.T, service string, seed []T, test func(*testing.T, table.Table[T])) {
	t.Run("memory", func(t *testing.T) { test(t, table.NewMemory(seed...)) })
	t.Run("DynamoDB", func(t *testing.T) {
		stored := New[T](t, Connect(t, Embedded(t)), service)
		for _, record := range seed {
			if err := stored.Create(t.Context(), record); err != nil {
				t.Fatal(err)
			}
		}
		test(t, stored)
	})
}
