package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"example.com/strangler/constructs"
	"example.com/strangler/services"
)

// App is all that one synthesis deploys.
type App struct {
	// Catalog is complete.
	Catalog      services.Catalog
	Environments []Environment
	// Delivery is nil unless cdk.json asks for it.
	Delivery *Delivery
}

// Read completes the catalog, reads the app's context, and checks all that can be
// known before anything is built. Every error is one line that says where the
// mistake is and what to do.
func Read(context map[string]any, catalog services.Catalog) (*App, error) {
	catalog, err := catalog.Complete()
	if err != nil {
		return nil, err
	}
	environments, err := readEnvironments(context, catalog)
	if err != nil {
		return nil, err
	}
	delivery, err := readDelivery(context)
	if err != nil {
		return nil, err
	}
	return &App{catalog, environments, delivery}, nil
}

// Compose adds to a CDK app, whose images are staged, a stage for each environment,
// the stack of the roles that deliver them, and the controls that each template keeps.
func (a *App) Compose(app awscdk.App, images *constructs.Images) []*EnvironmentStage {
	addHouseRules(app, a.Catalog, a.Environments)
	var stages []*EnvironmentStage
	for _, e := range a.Environments {
		stages = append(stages, NewEnvironmentStage(app, e.StageName(), &EnvironmentStageProps{
			Environment: e,
			Catalog:     a.Catalog,
			Images:      images,
		}))
	}
	if a.Delivery != nil {
		NewDelivery(app, deliveryStack(a.Catalog.Name), &DeliveryProps{Delivery: *a.Delivery, Environments: a.Environments})
	}
	return stages
}

// NewApp returns an empty CDK app that leaves findings to Synthesize.
func NewApp(props awscdk.AppProps) awscdk.App {
	props.PostCliContext = &map[string]any{"@aws-cdk/core:failSynthOnValidationErrors": false}
	return awscdk.NewApp(&props)
}
