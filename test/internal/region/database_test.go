package region

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"example.com/strangler/test/internal/assembly"
)

func table(id string) assembly.Table {
	return assembly.Table{Resource: assembly.Resource{Stack: "Data", LogicalID: id}, Key: assembly.Key{Partition: "id"}}
}

func TestOutages(t *testing.T) {
	d, err := startDatabase()
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	for _, id := range []string{"Users", "Threads"} {
		if err := d.create(t.Context(), table(id)); err != nil {
			t.Fatal(err)
		}
	}
	read := func(id string) error {
		client := dynamodb.New(d.client().Options(), func(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} })
		_, err := client.GetItem(context.Background(), &dynamodb.GetItemInput{
			TableName: aws.String(tableName(table(id).Identity())),
			Key:       map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: "x"}},
		})
		return err
	}
	throttled := func(err error) bool {
		_, ok := errors.AsType[*types.ProvisionedThroughputExceededException](err)
		return ok
	}
	region := &Region{database: d}

	region.Break(Outage{Throttled: []string{table("Users").Identity()}})
	if users, threads := read("Users"), read("Threads"); !throttled(users) || threads != nil {
		t.Errorf("with users throttled: users %v, threads %v", users, threads)
	}
	region.Break(Outage{Down: true})
	if err := read("Threads"); err == nil || !strings.Contains(err.Error(), "EOF") {
		t.Errorf("while it is down: %v, want a cut connection", err)
	}
	region.Break(Outage{})
	if users, threads := read("Users"), read("Threads"); users != nil || threads != nil {
		t.Errorf("afterwards: users %v, threads %v", users, threads)
	}
}
