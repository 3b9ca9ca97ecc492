using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Support;

namespace Tally.AppHost.Tests.Hosting;

public sealed class TestCountsTests : IDisposable
{
    private const string Namespace = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Results_of_several_projects_are_added_up()
    {
        Write("a", "Passed", "Passed", "NotExecuted");
        Write("b", "Passed", "Failed", "Timeout");

        var counts = TestCounts.Read(_folder.Path, runnerFailed: true);

        Assert.Equal("3 passed, 2 failed, 1 skipped", counts.ToString());
        Assert.Equal(1, counts.ExitCode);
    }

    [Fact]
    public void Only_a_run_in_which_something_passed_and_nothing_failed_is_good()
    {
        Assert.Equal(1, TestCounts.Read(_folder.Path, runnerFailed: false).ExitCode);
        Write("a", "Passed");
        Assert.Equal(0, TestCounts.Read(_folder.Path, runnerFailed: false).ExitCode);
        Assert.Equal(1, TestCounts.Read(_folder.Path, runnerFailed: true).ExitCode);
    }

    [Fact]
    public void What_failed_is_named_with_what_it_said()
    {
        File.WriteAllText(
            _folder.In("a.trx"),
            $"<TestRun xmlns=\"{Namespace}\"><Results><UnitTestResult testName=\"A.B.c\" outcome=\"Failed\"><Output><StdOut>much</StdOut>" +
            "<ErrorInfo><Message>2 is not 3</Message><StackTrace>at A.B.c()</StackTrace></ErrorInfo></Output></UnitTestResult></Results></TestRun>");

        var failure = Assert.Single(TestCounts.Read(_folder.Path, runnerFailed: false).Failures);

        Assert.Equal(new TestFailure("A.B.c", "2 is not 3", "at A.B.c()"), failure);
    }

    [Fact]
    public void The_slowest_come_first()
    {
        File.WriteAllText(
            _folder.In("a.trx"),
            $"<TestRun xmlns=\"{Namespace}\"><Results><UnitTestResult testName=\"A.quick\" outcome=\"Passed\" duration=\"00:00:01.5000000\"/>" +
            "<UnitTestResult testName=\"A.slow\" outcome=\"Failed\" duration=\"00:01:02.0000000\"/></Results></TestRun>");

        var slowest = TestCounts.Read(_folder.Path, runnerFailed: false).Slowest;

        Assert.Equal([new("A.slow", TimeSpan.FromSeconds(62)), new("A.quick", TimeSpan.FromSeconds(1.5))], slowest);
    }

    private void Write(string name, params string[] outcomes)
    {
        var results = string.Concat(outcomes.Select(outcome => $"<UnitTestResult outcome=\"{outcome}\"/>"));
        File.WriteAllText(_folder.In(name + ".trx"), $"<TestRun xmlns=\"{Namespace}\"><Results>{results}</Results></TestRun>");
    }
}
