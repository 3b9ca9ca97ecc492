namespace Tally.AppHost.Hosting;

/// <summary>Told what a system does while it starts, runs and stops. Called from several threads.</summary>
public interface IStartReporter
{
    /// <summary>What is under way: a download, a build, a start.</summary>
    /// <param name="component">Which component or tool.</param>
    /// <param name="text">What happens, without its name.</param>
    void Progress(string component, string text);

    /// <summary>A component answers.</summary>
    /// <param name="component">Which component.</param>
    /// <param name="state">Its version, source and endpoints.</param>
    void Ready(string component, ComponentState state);

    /// <summary>Something people should see though it's no fault: another port, an old Kafka, no Prometheus.</summary>
    /// <param name="text">A sentence.</param>
    void Notice(string text);

    /// <summary>A component died and is started again.</summary>
    /// <param name="component">Which component.</param>
    /// <param name="text">How it died and what happens next.</param>
    /// <param name="logLines">The last lines it logged.</param>
    void Trouble(string component, string text, IReadOnlyList<string> logLines);
}
