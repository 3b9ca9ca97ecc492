using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Tally.Inbox.Auditing;
using Tally.Inbox.Diagnostics;
using Tally.Inbox.Repairing;
using Tally.Inbox.Storage;

namespace Tally.Inbox;

/// <summary>Adds an inbox to a host.</summary>
public static class InboxServiceCollectionExtensions
{
    /// <summary>
    /// Adds an inbox: it makes its tables, consumes its topic while the host runs, and is seen through <see cref="IInbox{TState}"/>. One a host.
    /// </summary>
    /// <example>
    /// <code>
    /// builder.Services.AddTallyInbox&lt;OrderTotals, decimal, OrderPlaced&gt;(builder.Configuration.GetSection(InboxOptions.Section).Bind);
    /// </code>
    /// </example>
    /// <typeparam name="THandler">Says what an event is and how it's folded.</typeparam>
    /// <typeparam name="TState">What is kept of a shard.</typeparam>
    /// <typeparam name="TEvent">What the handler makes of a message.</typeparam>
    /// <param name="services">The host's services.</param>
    /// <param name="configure">Sets the options; more can be bound with <c>AddOptions&lt;InboxOptions&gt;()</c>. They are checked when the host starts.</param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddTallyInbox<THandler, TState, TEvent>(this IServiceCollection services, Action<InboxOptions>? configure = null)
        where THandler : InboxHandler<TState, TEvent>
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<InboxOptions>().ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<THandler>();
        services.AddSingleton<InboxHandler<TState, TEvent>>(provider => provider.GetRequiredService<THandler>());
        services.AddSingleton<InboxMetrics>();
        services.AddSingleton(provider => new InboxDatabase(provider.GetRequiredService<IOptions<InboxOptions>>().Value));
        services.AddSingleton(provider => new PositionReader<TState>(
            provider.GetRequiredService<IOptions<InboxOptions>>().Value.SchemaName,
            stored => provider.GetRequiredService<InboxHandler<TState, TEvent>>().Load(stored)));
        services.AddSingleton<IInbox<TState>, InboxService<TState>>();
        services.AddSingleton<AuditExchange>();
        services.AddSingleton(provider => new TopicProbe(
            provider.GetRequiredService<IOptions<InboxOptions>>().Value, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ForkAdopter<TState, TEvent>>();
        services.AddSingleton<Quarantine<TState, TEvent>>();
        services.AddSingleton<IInboxRepair<TState>, InboxRepair<TState, TEvent>>();
        services.AddHostedService<FoldCleaner>();
        services.AddHostedService<Auditor<TState, TEvent>>();
        services.AddHostedService<InboxWorker<TState, TEvent>>();
        services.AddSingleton<IValidateOptions<InboxOptions>>(new LimitsValidator<InboxOptions>(InboxOptions.Section, CrossCheck));
        return services;
    }

    private static IEnumerable<string> CheckConnectionString(InboxOptions options) =>
        ConnectionStringCheck.FaultOf(InboxOptions.Section, options.ConnectionString) is { } fault ? [fault] : [];

    private static IEnumerable<string> CrossCheck(InboxOptions options)
    {
        foreach (var fault in CheckConnectionString(options))
        {
            yield return fault;
        }

        // One that was given up leaves the group only when its session ends: a shorter patience would never see a rebalance end.
        if (options.JoinTimeout < 2 * options.SessionTimeout)
        {
            yield return $"{InboxOptions.Section}:{nameof(options.JoinTimeout)} is '{options.JoinTimeout}'; allowed: at least twice "
                + $"{InboxOptions.Section}:{nameof(options.SessionTimeout)}, which is '{options.SessionTimeout}'.";
        }
    }
}
