using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Tally.Outbox.Diagnostics;
using Tally.Outbox.Relaying;
using Tally.Outbox.Trimming;

namespace Tally.Outbox;

/// <summary>Registers an outbox.</summary>
public static class OutboxServiceCollectionExtensions
{
    /// <summary>
    /// Registers an outbox for payloads that are made before the position is known: append bytes to <see cref="IOutbox{TItem}"/> of
    /// <c>byte[]</c>.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options; more can be bound with <c>AddOptions&lt;OutboxOptions&gt;()</c>.</param>
    public static IServiceCollection AddTallyOutbox(this IServiceCollection services, Action<OutboxOptions>? configure = null) =>
        services.AddTallyOutbox<byte[], byte, BytesEncoder>(configure);

    /// <summary>Registers an outbox whose payloads an encoder makes from the position and a running state.</summary>
    /// <typeparam name="TItem">What is appended.</typeparam>
    /// <typeparam name="TState">The encoder's state.</typeparam>
    /// <typeparam name="TEncoder">The encoder; made once.</typeparam>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options; more can be bound with <c>AddOptions&lt;OutboxOptions&gt;()</c>.</param>
    public static IServiceCollection AddTallyOutbox<TItem, TState, TEncoder>(this IServiceCollection services, Action<OutboxOptions>? configure = null)
        where TEncoder : class, IOutboxEncoder<TItem, TState>
    {
        var options = services.AddOptions<OutboxOptions>().ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddSingleton<IValidateOptions<OutboxOptions>>(new LimitsValidator<OutboxOptions>(OutboxOptions.Section, CrossCheck));
        services.AddSingleton<OutboxDatabase>();
        services.AddSingleton<OutboxMetrics>();
        services.AddSingleton<IOutboxEncoder<TItem, TState>, TEncoder>();
        services.AddSingleton<OutboxService<TItem, TState>>();
        services.AddSingleton<IOutbox<TItem>>(provider => provider.GetRequiredService<OutboxService<TItem, TState>>());
        services.AddSingleton<IOutboxStatus>(provider => provider.GetRequiredService<OutboxService<TItem, TState>>());
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<OutboxService<TItem, TState>>());
        services.AddSingleton(provider => new OutboxReader(
            provider.GetRequiredService<OutboxDatabase>().DataSource, provider.GetRequiredService<IOptions<OutboxOptions>>().Value.Schema));
        services.AddSingleton<IOutboxRelay, RewindDesk>();
        services.AddSingleton<IOutboxConsumers, ConsumerDesk>();
        return services;
    }

    private static IEnumerable<string> CrossCheck(OutboxOptions options)
    {
        if (ConnectionStringCheck.FaultOf(OutboxOptions.Section, options.ConnectionString) is { } unreadable)
        {
            yield return unreadable;
        }

        foreach (var name in ConsumerNames.Parse(options.Consumers).Named.Where(static name => name == ConsumerNames.None || name.Length > IOutboxConsumers.MaxNameLength))
        {
            yield return $"Outbox:Consumers has '{name}'; allowed: '{ConsumerNames.None}' alone, or names of 1 to {IOutboxConsumers.MaxNameLength} characters, separated by commas.";
        }

        foreach (var topic in TopicName.Split(options.Topics).Where(static topic => !TopicName.IsAllowed(topic)))
        {
            yield return $"Outbox:Topics has '{topic}'; allowed: names of {TopicName.Allowed}, separated by commas.";
        }

        if (options.MaxPayloadBytes > options.MaxBatchBytes)
        {
            yield return $"Outbox:MaxPayloadBytes is '{options.MaxPayloadBytes}'; allowed: at most Outbox:MaxBatchBytes, which is '{options.MaxBatchBytes}'.";
        }
    }

    private sealed class BytesEncoder : IOutboxEncoder<byte[], byte>
    {
        public byte Initial => 0;

        public byte Load(ReadOnlySpan<byte> saved) => 0;

        public byte[] Save(byte state) => [];

        public byte[] Encode(byte[] item, in OutboxPosition position, DateTimeOffset committing, ref byte state) => item;
    }
}
