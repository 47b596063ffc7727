package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/strangler/services"
	"github.com/rhysd/actionlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// automation is every file that runs in CI, by its path in the repository.
func automation(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, pattern := range []string{"../.github/workflows/*", "../.github/actions/*/action.yml", "../.ci/*"} {
		names, err := filepath.Glob(pattern)
		require.NoError(t, err, pattern)
		require.NotEmpty(t, names, pattern)
		for _, name := range names {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			files[strings.TrimPrefix(name, "../")] = string(text)
		}
	}
	return files
}

func workflow(t *testing.T, name string) string {
	t.Helper()
	return automation(t)[".github/workflows/"+name]
}

// lintWorkflow runs actionlint without the programs that it would look for.
func lintWorkflow(name, text string) error {
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		return err
	}
	findings, err := linter.Lint(filepath.Join("..", name), []byte(text), nil)
	for _, f := range findings {
		err = errors.Join(err, f)
	}
	return err
}

func TestWorkflowsAreSound(t *testing.T) {
	for name, text := range automation(t) {
		if strings.HasPrefix(name, ".github/workflows/") {
			assert.NoError(t, lintWorkflow(name, text), name)
		}
	}
	review := workflow(t, "pull-request.yml")
	for name, mutant := range map[string]string{
		"an output of no step":          strings.Replace(review, "steps.review.outputs", "steps.reviews.outputs", 1),
		"a context out of its place":    strings.Replace(review, "event.pull_request.number }}\n  cancel", "matrix.x }}\n  cancel", 1),
		"a stranger's text in a script": strings.Replace(review, "- run: .ci/", "- run: echo ${{ github.event.pull_request.title }} ", 1),
	} {
		require.NotEqual(t, review, mutant, "%s: the mutant changes nothing", name)
		assert.Error(t, lintWorkflow(".github/workflows/pull-request.yml", mutant), "%s: mutant passed the check", name)
	}
}

var (
	uses   = regexp.MustCompile(`(?m)^\s*(?:- )?uses: *(.*)$`)
	pinned = regexp.MustCompile(`^[\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	tool   = regexp.MustCompile(`\bgo (?:run|install) ([\w.-]+\.[a-z]+/\S+)`)
	exact  = regexp.MustCompile(`@v\d+\.\d+\.\d+$`)
	// The version of a tool that setup-go or setup-node installs.
	installed = regexp.MustCompile(`(?m)^\s*(?:go|node)-version: *(.*)$`)
)

// checkPins wants no name that can move: an action is its commit, a tool its version.
func checkPins(text string) error {
	var errs []error
	for _, action := range uses.FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(action[1], "./") && !pinned.MatchString(action[1]) {
			errs = append(errs, fmt.Errorf("uses %s: want owner/name@commit # v1.2.3", action[1]))
		}
	}
	for _, command := range tool.FindAllStringSubmatch(text, -1) {
		if !exact.MatchString(command[1]) {
			errs = append(errs, fmt.Errorf("%s without a version", command[1]))
		}
	}
	for _, version := range installed.FindAllStringSubmatch(text, -1) {
		if !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(version[1]) {
			errs = append(errs, fmt.Errorf("version %s: want all three numbers", version[1]))
		}
	}
	for _, word := range []string{"-latest", "@latest"} {
		if strings.Contains(text, word) {
			errs = append(errs, fmt.Errorf("%s can move", word))
		}
	}
	return errors.Join(errs...)
}

func TestEverythingIsPinned(t *testing.T) {
	for name, text := range automation(t) {
		assert.NoError(t, checkPins(text), name)
	}
	for _, mutant := range []string{
		"- uses: actions/checkout@v7", "uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1",
		"uses: actions/checkout@3d3c42e # v7.0.1", "uses: docker://alpine", "runs-on: ubuntu-latest", "go-version: 1.26", "node-version: lts/*",
		"go run honnef.co/go/tools/cmd/staticcheck@master", "go run honnef.co/go/tools/cmd/staticcheck ./...", "go install example.org/x@latest",
	} {
		assert.Error(t, checkPins(mutant), "%s: mutant passed the check", mutant)
	}
}

var (
	goProgram = regexp.MustCompile(`\bgo (?:run|build)(?: -\S+(?: "\S+")?)* (\./[\w/]+)`)
	script    = regexp.MustCompile(`(?:^|[\s/"])(\.ci/\w+)`)
	local     = regexp.MustCompile(`uses: *(\./\S+)`)
)

// checkCommands wants every command of this project that a step calls to exist.
func checkCommands(text string) error {
	var errs []error
	for _, command := range goProgram.FindAllStringSubmatch(text, -1) {
		source, err := os.ReadFile(filepath.Join("..", command[1], "main.go"))
		if err != nil || !strings.Contains(string(source), "\npackage main\n") {
			errs = append(errs, fmt.Errorf("%s is no program (%w)", command[1], err))
		}
	}
	for _, command := range script.FindAllStringSubmatch(text, -1) {
		if info, err := os.Stat(filepath.Join("..", command[1])); err != nil || info.Mode()&0o111 == 0 {
			errs = append(errs, fmt.Errorf("%s cannot be run: %w", command[1], err))
		}
	}
	for _, action := range local.FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join("..", action[1], "action.yml")); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func TestCommandsExist(t *testing.T) {
	calls := 0
	for name, text := range automation(t) {
		if !strings.HasPrefix(name, ".github/") {
			continue // .ci/run calls what the others do, see TestCheckIsRunHere
		}
		calls += len(goProgram.FindAllString(text, -1)) + len(script.FindAllString(text, -1))
		assert.NoError(t, checkCommands(text), name)
	}
	assert.GreaterOrEqual(t, calls, 4, "calls of the project's commands that this test finds in the workflows")
	for _, mutant := range []string{
		"run: go run ./test/smoky dev", "run: go run ./test/assembly", `go build -o "$scratch/x" ./test/x`,
		"- run: .ci/tidy", "uses: ./.github/actions/tidy",
	} {
		assert.Error(t, checkCommands(mutant), "%s: mutant passed the check", mutant)
	}
}

// The jobs without credentials run the parts of .ci/run, and .ci/review, which one of
// the parts runs: .ci/run on a laptop runs them all.
func TestCheckIsRunHere(t *testing.T) {
	parts := regexp.MustCompile(`(?m)^step (\.ci/\w+)$`).FindAllStringSubmatch(automation(t)[".ci/run"], -1)
	assert.GreaterOrEqual(t, len(parts), 3, ".ci/run runs %q", parts)
	for _, part := range parts {
		assert.Contains(t, workflow(t, "pull-request.yml"), "- run: "+part[1]+"\n")
	}
	assert.Contains(t, workflow(t, "pull-request.yml"), ".ci/review HEAD^1 ")
	assert.Regexp(t, `(?m)^step \.ci/review `, automation(t)[".ci/check"])
}

// checkRights wants no workflow to give a stranger's code a token that can do more
// than read, nor a role of AWS without the conditions that the role's trust relies on.
func checkRights(text string) error {
	w, faults := actionlint.Parse([]byte(text))
	if len(faults) > 0 {
		return fmt.Errorf("%v", faults)
	}
	var errs []error
	if strings.Contains(text, "pull_request_target") {
		errs = append(errs, errors.New("pull_request_target runs a stranger's code with the repository's rights"))
	}
	if w.Permissions == nil || w.Permissions.All != nil {
		errs = append(errs, errors.New("permissions are not named"))
	} else {
		for _, scope := range w.Permissions.Scopes {
			if scope.Value.Value != "read" {
				errs = append(errs, fmt.Errorf("every job may %s %s", scope.Value.Value, scope.Name.Value))
			}
		}
	}
	for _, job := range w.Jobs {
		checksOut := slices.ContainsFunc(job.Steps, func(s *actionlint.Step) bool { _, ok := s.Exec.(*actionlint.ExecAction); return ok })
		if job.Permissions == nil {
			continue
		}
		for _, scope := range job.Permissions.Scopes {
			switch {
			case scope.Value.Value != "write":
			case scope.Name.Value == "id-token" && job.If != nil &&
				strings.Contains(job.If.Value, "vars.AWS_") && strings.Contains(job.If.Value, " && github."):
			case scope.Name.Value == "pull-requests" && !checksOut:
			default:
				errs = append(errs, fmt.Errorf("job %s may write %s", job.ID.Value, scope.Name.Value))
			}
		}
	}
	return errors.Join(errs...)
}

func TestWorkflowRights(t *testing.T) {
	for name, text := range automation(t) {
		if strings.HasPrefix(name, ".github/workflows/") {
			assert.NoError(t, checkRights(text), name)
		}
	}
	pull, comment := workflow(t, "pull-request.yml"), workflow(t, "comment.yml")
	for name, mutant := range map[string]string{
		"pull_request_target":          strings.Replace(pull, "on: pull_request\n", "on: pull_request_target\n", 1),
		"no permissions":               strings.Replace(pull, "permissions:\n  contents: read\n#", "#", 1),
		"all permissions":              strings.Replace(pull, "permissions:\n  contents: read\n#", "permissions: write-all\n#", 1),
		"write for every job":          strings.Replace(pull, "  contents: read\n#", "  contents: write\n#", 1),
		"a comment by foreign code":    strings.Replace(pull, "pull-requests: read", "pull-requests: write", 1),
		"a role for a fork":            strings.Replace(pull, " && github.event.pull_request.head.repo.full_name == github.repository", "", 1),
		"foreign code where it writes": strings.Replace(comment, "    steps:\n", "    steps:\n      - uses: ./.github/actions/setup\n", 1),
	} {
		require.NotContains(t, []string{pull, comment}, mutant, "%s: the mutant changes nothing", name)
		assert.Error(t, checkRights(mutant), "%s: mutant passed the check", name)
	}
}

// No step puts an expression into a script, where the shell would run its value.
func TestScriptsHoldNoExpression(t *testing.T) {
	for name, text := range automation(t) {
		if !strings.HasPrefix(name, ".github/workflows/") {
			continue
		}
		w, faults := actionlint.Parse([]byte(text))
		require.Empty(t, faults, name)
		for _, job := range w.Jobs {
			for _, step := range job.Steps {
				if run, ok := step.Exec.(*actionlint.ExecRun); ok {
					assert.NotContains(t, run.Run.Value, "${{", "%s: hand it over in a variable of env", name)
				}
			}
		}
	}
}

// The environments of the workflows are those of cdk.json, each with its region and
// with roles of its own.
func TestWorkflowsKnowTheEnvironments(t *testing.T) {
	want := map[string]string{}
	for name, e := range shipped(t).Context["environments"].(map[string]any) {
		variable := strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		want[name] = e.(map[string]any)["region"].(string) + " " + variable
	}
	row := regexp.MustCompile(`- environment: (\S+)\n +region: (\S+)\n +role: \$\{\{ vars\.AWS_(?:DIFF|DEPLOY)_ROLE_(\w+) \}\}`)
	for _, name := range []string{"pull-request.yml", "deploy.yml"} {
		got := map[string]string{}
		for _, match := range row.FindAllStringSubmatch(workflow(t, name), -1) {
			got[match[1]] = match[2] + " " + match[3]
		}
		assert.Equal(t, want, got, "the environments of .github/workflows/%s, and those of cdk.json: write three lines for each into it", name)
	}
}

// One version of the CLI: .ci/cdk reads it from package.json, people read it in the
// documents. npm's latest cannot read these assemblies.
func TestCLIVersionIsOne(t *testing.T) {
	files := automation(t)
	var manifest struct{ DevDependencies map[string]string }
	require.NoError(t, json.Unmarshal([]byte(files[".ci/package.json"]), &manifest))
	want := "aws-cdk@" + manifest.DevDependencies["aws-cdk"]
	for name, text := range documents(t) {
		assert.NoError(t, checkCLIVersion(want, text), name)
	}
	assert.Contains(t, documents(t)["README.md"], want)
	for name, text := range files {
		if name == ".ci/cdk" {
			text = strings.ReplaceAll(text, "aws-cdk@$version", want)
		}
		assert.NoError(t, checkCLIVersion(want, text), name)
	}
	for _, mutant := range []string{
		"npx aws-cdk@3.0.0 synth", "npx aws-cdk deploy", "npx --yes cdk diff", "npx aws-cdk@latest ls", "npm install aws-cdk@2",
	} {
		assert.Error(t, checkCLIVersion(want, mutant), "%s: mutant passed the check", mutant)
	}
	dependabot, err := os.ReadFile("../.github/dependabot.yml")
	require.NoError(t, err)
	assert.Contains(t, string(dependabot), "- dependency-name: aws-cdk\n        versions: [\">=3\"]\n", "dependabot.yml proposes aws-cdk 3")
}

func checkCLIVersion(want, text string) error {
	for _, got := range regexp.MustCompile(`aws-cdk@[\w.$]*\w`).FindAllString(text, -1) {
		if got != want {
			return fmt.Errorf("%s, want %s", got, want)
		}
	}
	if bare := regexp.MustCompile(`npx (?:--yes )?(?:aws-)?cdk `).FindString(text); bare != "" {
		return fmt.Errorf("%q without a version", bare)
	}
	return nil
}

// The label that lets findings pass has one name, in the workflow and in what people read.
func TestLabelIsOne(t *testing.T) {
	template, err := os.ReadFile("../.github/pull_request_template.md")
	require.NoError(t, err)
	checks := workflow(t, "pull-request.yml")
	label := regexp.MustCompile(`grep -Fx (\S+)`).FindStringSubmatch(checks)
	require.NotNil(t, label, "pull-request.yml asks for no label")
	lineWith := func(word string) string {
		line, _, _ := strings.Cut(checks[strings.Index(checks, word):], "\n")
		return line
	}
	_, delivery := documentWith(t, `(?m)^#+ Pull-request checks$`)
	for name, text := range map[string]string{
		"the document of the checks": delivery, "pull_request_template.md": string(template),
		"the step's name": lineWith("- name: Findings"), "the step's error": lineWith("::error::"),
	} {
		assert.Contains(t, text, label[1], "%s names another label than pull-request.yml asks for", name)
	}
}

// Each folder of a service's program has an owner, and each owned folder exists.
func TestCodeOwners(t *testing.T) {
	text, err := os.ReadFile("../.github/CODEOWNERS")
	require.NoError(t, err)
	owned := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "*" || strings.HasPrefix(line, "#") {
			continue
		}
		owned[fields[0]] = true
		assert.GreaterOrEqual(t, len(fields), 2, "%s has no owner", fields[0])
		_, err := os.Stat(filepath.Join("..", fields[0]))
		assert.NoError(t, err, "a folder that is not there: remove its line from .github/CODEOWNERS")
	}
	c := shipped(t).Catalog
	for _, s := range append(c.Services, c.Monolith) {
		for _, folder := range foldersOf(s) {
			assert.Contains(t, owned, folder, "a folder of %s without an owner: add a line to .github/CODEOWNERS", s.Name)
		}
	}
}

// foldersOf are the folders of a service's own: that of its program, and that of the
// package with the service's name beside the folder of all programs, if there is one.
func foldersOf(s services.Service) []string {
	if s.Image.Program == "" {
		return nil
	}
	folders := []string{"/" + s.Image.Program + "/"}
	domain := path.Join(path.Dir(path.Dir(s.Image.Program)), s.Name)
	if _, err := os.Stat(filepath.Join("..", domain)); err == nil {
		folders = append(folders, "/"+domain+"/")
	}
	return folders
}
