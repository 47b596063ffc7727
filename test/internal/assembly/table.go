package assembly

// Table is an AWS::DynamoDB::GlobalTable or AWS::DynamoDB::Table.
type Table struct {
	Resource
	// Key is the primary key.
	Key Key
	// Attributes are the types of the key attributes by name: S, N or B.
	Attributes map[string]string
	// GlobalIndexes and LocalIndexes are the secondary indexes.
	GlobalIndexes, LocalIndexes []Index
}

// Key names the attributes that identify an item.
type Key struct {
	Partition string
	// Sort is empty when the key has a partition key alone.
	Sort string
}

// Index is a secondary index.
type Index struct {
	Name string
	Key  Key
	// Projection is "ALL", "KEYS_ONLY" or "INCLUDE".
	Projection string
	// NonKeyAttributes are the attributes that INCLUDE adds to the keys.
	NonKeyAttributes []string
}

type keySchema []struct{ AttributeName, KeyType string }

func (k keySchema) key() (key Key) {
	for _, element := range k {
		switch element.KeyType {
		case "HASH":
			key.Partition = element.AttributeName
		case "RANGE":
			key.Sort = element.AttributeName
		}
	}
	return key
}

type secondaryIndex struct {
	IndexName  string
	KeySchema  keySchema
	Projection struct {
		ProjectionType   string
		NonKeyAttributes []string
	}
}

func readTable(r Resource) (Table, error) {
	var properties struct {
		KeySchema              keySchema
		AttributeDefinitions   []struct{ AttributeName, AttributeType string }
		GlobalSecondaryIndexes []secondaryIndex
		LocalSecondaryIndexes  []secondaryIndex
	}
	if err := decode(r.Properties, &properties); err != nil {
		return Table{}, err
	}
	table := Table{
		Resource:      r,
		Key:           properties.KeySchema.key(),
		Attributes:    map[string]string{},
		GlobalIndexes: readIndexes(properties.GlobalSecondaryIndexes),
		LocalIndexes:  readIndexes(properties.LocalSecondaryIndexes),
	}
	for _, attribute := range properties.AttributeDefinitions {
		table.Attributes[attribute.AttributeName] = attribute.AttributeType
	}
	return table, nil
}

func readIndexes(declared []secondaryIndex) []Index {
	var indexes []Index
	for _, index := range declared {
		indexes = append(indexes, Index{
			Name:             index.IndexName,
			Key:              index.KeySchema.key(),
			Projection:       index.Projection.ProjectionType,
			NonKeyAttributes: index.Projection.NonKeyAttributes,
		})
	}
	return indexes
}
