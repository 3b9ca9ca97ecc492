using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands;

/// <summary>A system in a fresh folder, for one story with a proof at its end.</summary>
/// <param name="call">The command's call.</param>
/// <param name="name">The command's name.</param>
internal sealed class FreshSystem(CommandCall call, string name)
{
    private readonly bool _isOwnFolder = !call.Line.Has(CommonOptions.Data);

    /// <summary>Where it is to be: a temporary folder unless one is named, which must not be there yet.</summary>
    public string ChooseFolder()
    {
        var folder = _isOwnFolder ? Path.Combine(Path.GetTempPath(), $"tally-{name}-{Path.GetRandomFileName()}") : Path.GetFullPath(call.DataFolder);
        return Path.Exists(folder)
            ? throw CommandException.Usage($"--data is '{call.DataFolder}', which exists already: {name} wants a fresh folder.")
            : folder;
    }

    /// <summary>Starts the system, has the story told, stops the system, and tells what was proved. A folder that isn't one's own goes unless the proof failed.</summary>
    /// <param name="settings">What it is made of.</param>
    /// <param name="story">What happens on it.</param>
    /// <returns>How the program ends.</returns>
    public async Task<int> RunAsync(SystemSettings settings, Func<LocalSystem, CancellationToken, Task<ProofReport>> story)
    {
        call.Output.Note($"data folder {settings.DataFolder}");
        using var signals = new StopSignals();
        var keep = true;
        try
        {
            var report = await RunAsync(settings, story, signals);
            keep = !report.IsProved;
            return report.Tell(call.Output);
        }
        catch (OperationCanceledException)
        {
            keep = false;
            throw;
        }
        finally
        {
            await LeaveAsync(settings.DataFolder, keep || !_isOwnFolder);
        }
    }

    private async Task<ProofReport> RunAsync(
        SystemSettings settings, Func<LocalSystem, CancellationToken, Task<ProofReport>> story, StopSignals signals)
    {
        await using var system = await LocalSystem.StartAsync(settings, new StartReporter(call.Output), signals.Asked);
        var processes = system.State.Components.Where(part => part.Value.Pid is not null).Select(part => $"{part.Key} {part.Value.Pid}");
        call.Output.Note($"process ids: {string.Join(", ", processes)}");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(signals.Asked);
        try
        {
            var telling = story(system, stop.Token);
            if (await Task.WhenAny(telling, system.GaveUp) != telling)
            {
                await stop.CancelAsync();
                await ((Task)telling).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw CommandException.Of(await system.GaveUp);
            }

            return await telling;
        }
        finally
        {
            call.Output.Note("Stopping …");
            await system.StopAsync(signals.AtOnce);
        }
    }

    private async Task LeaveAsync(string folder, bool keep)
    {
        if (keep && Directory.Exists(folder))
        {
            call.Output.Note($"Its data and logs are in {folder}");
        }
        else if (Directory.Exists(folder))
        {
            await SystemControl.DeleteAsync(folder, CancellationToken.None);
        }
    }
}
