package cloudformation

// Action is what is done to a resource or a stack, as CloudFormation spells it.
type Action string

// The actions that there are.
const (
	Create Action = "CREATE"
	Update Action = "UPDATE"
	Delete Action = "DELETE"
)

// Status is how far an action has come, as CloudFormation spells it.
type Status string

// The statuses that there are.
const (
	Started  Status = "IN_PROGRESS"
	Complete Status = "COMPLETE"
	Failed   Status = "FAILED"
	// RollingBack is a stack's alone: a resource has failed, and what was done for
	// the new template is undone.
	RollingBack Status = "ROLLBACK_IN_PROGRESS"
)

// Event is a step of a resource, or of a stack as a whole.
type Event struct {
	// Stack is the stack's ID.
	Stack string
	// LogicalID is the resource's, and empty when the event is the stack's.
	LogicalID string
	// Type is the resource's, or AWS::CloudFormation::Stack.
	Type   string
	Action Action
	Status Status
	// Err is why something failed or is rolled back.
	Err error
}

const stackType = "AWS::CloudFormation::Stack"

func (a *Account) emit(e Event) {
	a.observing.Lock()
	defer a.observing.Unlock()
	a.observe(e)
}

// report tells of the start and the end of an action, and passes on its error.
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
