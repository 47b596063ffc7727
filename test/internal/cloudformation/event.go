package cloudformation

// Action is what is done to a resource or a stack, in CloudFormation's spelling.
type Action string

// The actions.
const (
	// Create makes a resource, or deploys a stack for the first time.
	Create Action = "CREATE"
	// Update changes a resource, or deploys a stack again.
	Update Action = "UPDATE"
	// Delete removes a resource or a stack.
	Delete Action = "DELETE"
)

// Status is the progress of an action, in CloudFormation's spelling.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
type Status string

// The statuses.
const (
	// Started is the status of an action that begins.
	Started Status = "IN_PROGRESS"
	// Complete is the status of an action that has succeeded.
	Complete Status = "COMPLETE"
	// Failed is the status of an action that has failed.
	Failed Status = "FAILED"
	// RollingBack is a status of stacks only: a resource has failed, and the changes
	// of this deployment are undone.
	RollingBack Status = "ROLLBACK_IN_PROGRESS"
)

// Event is a change of status of a resource, or of a stack as a whole.
type Event struct {
	// Stack is the stack's ID.
	Stack string
	// LogicalID is the resource's. It is empty in an event of the stack.
	LogicalID string
	// Type is the resource's type, or AWS::CloudFormation::Stack.
	Type string
	// Action is what is done.
	Action Action
	// Status is how far it is.
	Status Status
	// Err is the cause of Failed and RollingBack, and nil otherwise.
	Err error
}

const stackType = "AWS::CloudFormation::Stack"

func (a *Account) emit(e Event) {
	a.observing.Lock()
	defer a.observing.Unlock()
	a.observe(e)
}

// report emits the events of an action's start and end, and returns its error.
func (a *Account) report(e Event, act func() error) error {
	e.Status = Started
	a.emit(e)
	e.Err = act()
	e.Status = Complete
	if e.Err != nil {
		e.Status = Failed
	}
	a.emit(e)
	return e.Err
}
