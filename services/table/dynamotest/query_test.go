package dynamotest_test

import (
	"maps"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services/table/dynamotest"
)

func newClient(t *testing.T) *dynamodb.Client {
	t.Helper()
	server := httptest.NewServer(dynamotest.New())
	t.Cleanup(server.Close)
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: &server.URL, Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("embedded", "embedded", ""),
	})
}

// "You must specify the partition key name and value as an equality condition. You can
// optionally provide a second condition for the sort key."
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
func TestQueryNeedsItsKey(t *testing.T) {
	const (
		missed      = "Query condition missed key schema element: "
		twice       = "KeyConditionExpressions must only contain one condition per key"
		unsupported = "Query key condition not supported"
		invalid     = "Invalid operator used in KeyConditionExpression"
	)
	client := newClient(t)
	require.NoError(t, dynamotest.Create(t.Context(), client, "orders", dynamotest.Schema{
		Key: dynamotest.Key{Partition: "ID"}, Indexes: map[string]dynamotest.Key{"ByOwner": {Partition: "Owner", Sort: "ID"}},
	}))
	for _, test := range []struct{ index, condition, want string }{
		{"", "ID = :v", ""},
		{"", "#id = :v", ""},
		{"", "( ID = :v )", ""},
		{"ByOwner", "#owner = :v", ""},
		{"ByOwner", "#owner = :v AND ID = :w", ""},
		{"ByOwner", "ID > :w and #owner = :v", ""},
		{"ByOwner", "#owner = :v AND ID BETWEEN :v AND :w", ""},
		{"ByOwner", "#owner = :v AND begins_with(ID, :w)", ""},

		{"", "", "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."},
		{"", "#owner = :v", missed + "ID"},
		{"", "ID > :v", unsupported},
		{"", "begins_with(ID, :v)", unsupported},
		{"", "ID BETWEEN :v AND :w", unsupported},
		{"", "ID = :v AND #owner = :w", unsupported},
		{"", "ID = :v OR ID = :w", invalid},
		{"", "NOT ID = :v", invalid},
		{"", "attribute_exists(ID)", invalid},
		{"ByOwner", "ID = :v", missed + "Owner"},
		{"ByOwner", "#owner < :v AND ID = :w", unsupported},
		{"ByOwner", "#owner = :v AND Amount = :w", missed + "ID"},
		{"ByOwner", "#owner = :v AND ID <> :w", invalid + ": <>"},
		{"ByOwner", "#owner = :v AND ID > :v AND ID < :w", twice},
		{"ByOwner", "#owner = :v AND #owner = :w", twice},
		{"ByOwner", "#owner = :v AND ID > :v AND Amount < :w", "Conditions can be of length 1 or 2 only"},
		{"ByAmount", "#owner = :v", "The table does not have the specified index: ByAmount"},
	} {
		input := &dynamodb.QueryInput{
			TableName:                 aws.String("orders"),
			ExpressionAttributeNames:  used(test.condition, map[string]string{"#owner": "Owner", "#id": "ID"}),
			ExpressionAttributeValues: used(test.condition, map[string]types.AttributeValue{":v": text("a"), ":w": text("b")}),
		}
		if test.index != "" {
			input.IndexName = &test.index
		}
		if test.condition != "" {
			input.KeyConditionExpression = &test.condition
		}
		_, err := client.Query(t.Context(), input)
		assert.Equal(t, test.want, refusal(t, err), "%s on index %q", test.condition, test.index)
	}
}

// used returns those names or values that an expression has, and nil without any. DynamoDB
// refuses others, and an empty map.
func used[T any](expression string, all map[string]T) map[string]T {
	maps.DeleteFunc(all, func(name string, _ T) bool { return !strings.Contains(expression, name) })
	if len(all) == 0 {
		return nil
	}
	return all
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// refusal returns the message of a ValidationException, and is empty without an error.
func refusal(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var refused smithy.APIError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "ValidationException", refused.ErrorCode())
	return refused.ErrorMessage()
}

// A table that is created again has the keys of its last creation, and one that could not
// be created keeps those that it has.
func TestQueryAfterCreation(t *testing.T) {
	client := newClient(t)
	query := func() string {
		_, err := client.Query(t.Context(), &dynamodb.QueryInput{
			TableName: aws.String("orders"), KeyConditionExpression: aws.String("ID = :v"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":v": text("a")},
		})
		return refusal(t, err)
	}
	create := func(partition string) error {
		return dynamotest.Create(t.Context(), client, "orders", dynamotest.Schema{Key: dynamotest.Key{Partition: partition}})
	}
	require.NoError(t, create("ID"))
	assert.Empty(t, query())
	require.Error(t, create("Owner"))
	assert.Empty(t, query())
	_, err := client.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("orders")})
	require.NoError(t, err)
	require.NoError(t, create("Owner"))
	assert.Equal(t, "Query condition missed key schema element: Owner", query())
}
