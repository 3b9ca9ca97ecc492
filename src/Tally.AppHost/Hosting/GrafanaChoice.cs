namespace Tally.AppHost.Hosting;

/// <summary>Whether Grafana shows what Prometheus has, and where it comes from.</summary>
public enum GrafanaChoice
{
    /// <summary>The one in <c>GRAFANA_HOME</c> or on the path; none where neither is there.</summary>
    Auto,

    /// <summary>A container, pulled when it isn't here: only when it is asked for, since that loads hundreds of megabytes.</summary>
    Docker,

    /// <summary>None.</summary>
    Off,
}
