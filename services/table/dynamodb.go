package table

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// operationTimeout bounds one call with all its attempts. The load balancer waits for
// a response for 60 s.
const operationTimeout = 2500 * time.Millisecond

// longestKey is the length of a sort key at most, in bytes. DynamoDB refuses a query
// for a longer one.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const longestKey = 1024

// DynamoDB is a Table in Amazon DynamoDB. It calls GetItem, PutItem and Query only. A
// call takes 2.5 s at most, with all its attempts.
type DynamoDB[T Record] struct {
	client *dynamodb.Client
	name   string
}

type item = map[string]types.AttributeValue

// NewDynamoDB returns the DynamoDB table with the name. It does not check that the
// table exists.
func NewDynamoDB[T Record](client *dynamodb.Client, name string) *DynamoDB[T] {
	return &DynamoDB[T]{client, name}
}

// Create implements Table.
func (d *DynamoDB[T]) Create(ctx context.Context, r T) error {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	id := r.Keys()[ID]
	put, err := marshal(r)
	if err != nil {
		return fmt.Errorf("put into %s: %w", d.name, discreet{err})
	}
	_, err = d.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:           &d.name,
		Item:                put,
		ConditionExpression: aws.String("attribute_not_exists(" + ID + ")"),
	})
	if _, taken := errors.AsType[*types.ConditionalCheckFailedException](err); taken {
		// The SDK repeats an attempt whose response is lost. Then the stored item is
		// the one of the first attempt.
		stored, err := d.get(ctx, id)
		if err == nil && !reflect.DeepEqual(stored, put) {
			err = ErrExists
		}
		return err
	}
	return explain(err, "put into %s", d.name)
}

// Get implements Table.
func (d *DynamoDB[T]) Get(ctx context.Context, id string) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	found, err := d.get(ctx, id)
	if err != nil {
		var none T
		return none, err
	}
	return d.unmarshal(found)
}

// Query implements Table.
func (d *DynamoDB[T]) Query(ctx context.Context, q Query) ([]T, error) {
	if !possible(q.Value) {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	pages := dynamodb.NewQueryPaginator(d.client, d.input(q))
	var records []T
	// DynamoDB ends a page at 1 MB, whatever the limit is.
	for len(records) < q.Limit && pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, explain(err, "query %s of %s", q.Index.Name, d.name)
		}
		for _, found := range page.Items {
			r, err := d.unmarshal(found)
			if err != nil {
				return nil, err
			}
			records = append(records, r)
		}
	}
	return records[:min(len(records), q.Limit)], nil
}

func (d *DynamoDB[T]) get(ctx context.Context, id string) (item, error) {
	if !possible(id) {
		return nil, ErrNotFound
	}
	out, err := d.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &d.name,
		Key:       item{ID: text(id)},
		// A record is found at once after it is created.
		ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, explain(err, "get from %s", d.name)
	}
	if len(out.Item) == 0 {
		return nil, ErrNotFound
	}
	return out.Item, nil
}

// input starts a page by comparing ids, not by ExclusiveStartKey, so that a cursor
// needs no record with its id.
func (d *DynamoDB[T]) input(q Query) *dynamodb.QueryInput {
	in := &dynamodb.QueryInput{
		TableName:                 &d.name,
		IndexName:                 &q.Index.Name,
		Limit:                     aws.Int32(int32(q.Limit)),
		ScanIndexForward:          aws.Bool(!q.Descending),
		KeyConditionExpression:    aws.String("#key = :value"),
		ExpressionAttributeNames:  map[string]string{"#key": q.Index.Key},
		ExpressionAttributeValues: item{":value": text(q.Value)},
	}
	if q.After != "" {
		beyond := ">"
		if q.Descending {
			beyond = "<"
		}
		*in.KeyConditionExpression += " AND " + ID + " " + beyond + " :after"
		in.ExpressionAttributeValues[":after"] = text(q.After)
	}
	return in
}

func marshal[T Record](r T) (item, error) {
	attributes, err := attributevalue.MarshalMapWithOptions(r, func(o *attributevalue.EncoderOptions) { o.TagKey = "json" })
	if err != nil {
		return nil, err
	}
	for name, value := range r.Keys() {
		attributes[name] = text(value)
	}
	return attributes, nil
}

// unmarshal returns the record of an item. The error leaves out the decoder's, which
// quotes the item.
func (d *DynamoDB[T]) unmarshal(found item) (T, error) {
	var r, none T
	if err := attributevalue.UnmarshalMapWithOptions(found, &r, jsonNames); err != nil {
		return none, fmt.Errorf("an item of %s is no %T: another program must have put it there", d.name, r)
	}
	return r, nil
}

func jsonNames(o *attributevalue.DecoderOptions) { o.TagKey = "json" }

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// possible reports whether DynamoDB takes a key.
func possible(key string) bool { return key != "" && len(key) <= longestKey }
