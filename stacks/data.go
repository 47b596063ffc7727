package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"example.com/forum/constructs"
	"example.com/forum/services"
)

// Data is one table for each service that asks for one. The stack changes only
// with the catalog's tables, never with a deployment of a program.
type Data struct {
	Stack awscdk.Stack
	// Tables are found by the name of the service that owns them.
	Tables map[string]*constructs.Table
}

// NewData creates the tables.
func NewData(stage awscdk.Stage, e Environment, catalog services.Catalog) *Data {
	stack := awscdk.NewStack(stage, jsii.String("Data"), &awscdk.StackProps{
		Description:           jsii.Sprintf("Tables of %s", e.Name),
		TerminationProtection: e.Protected,
	})
	data := &Data{Stack: stack, Tables: map[string]*constructs.Table{}}
	for _, s := range catalog.All() {
		if s.Table != nil {
			data.Tables[s.Name] = constructs.NewTable(stack, s.ID()+"Table", &constructs.TableProps{Owner: s})
		}
	}
	return data
}
