using System.Text.Json;
using Tally.AppHost.Commands;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Hosting;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Support;

/// <summary>A whole system led by this process, so that tests can stop its parts, and the command line on it.</summary>
internal sealed class WholeSystem : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private WholeSystem(LocalSystem system, string folder)
    {
        System = system;
        Folder = folder;
    }

    public LocalSystem System { get; }

    public string Folder { get; }

    /// <param name="change">Makes the settings what a test needs.</param>
    /// <param name="prepare">Runs before anything else is started.</param>
    public static async Task<WholeSystem> StartAsync(Func<SystemSettings, SystemSettings> change, Func<SystemSettings, Task>? prepare = null)
    {
        var settings = change(TestFolders.Settings(SystemParts.Postgres | SystemParts.Kafka | SystemParts.Services));
        await (prepare?.Invoke(settings) ?? Task.CompletedTask);
        return new WholeSystem(await LocalSystem.StartAsync(settings, new TestReporter(), CancellationToken.None).Within(Patience), settings.DataFolder);
    }

    /// <summary>Runs a command with <c>--json</c>.</summary>
    /// <returns>Its exit code and its answer.</returns>
    public async Task<(int ExitCode, JsonElement Answer)> RunAsync(params string[] arguments)
    {
        using var written = new StringWriter();
        var terminal = new Terminal(() => TextReader.Null, written, TextWriter.Null);
        var exitCode = await TallyCommandLine.RunAsync([.. arguments, "--data", Folder, "--json"], terminal).Within(Patience);
        return (exitCode, JsonDocument.Parse(written.ToString()).RootElement);
    }

    /// <summary>Runs a command for people.</summary>
    public async Task<string> ReadAsync(params string[] arguments)
    {
        using var written = new StringWriter();
        await TallyCommandLine.RunAsync([.. arguments, "--data", Folder], new Terminal(() => TextReader.Null, written, written)).Within(Patience);
        return written.ToString();
    }

    public async ValueTask DisposeAsync() => await System.StopAsync().Within(Patience);
}
