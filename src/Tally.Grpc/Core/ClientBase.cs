namespace Grpc.Core;

/// <summary>The base of generated clients that knows their own type.</summary>
/// <typeparam name="T">The generated client.</typeparam>
public abstract class ClientBase<T> : ClientBase
    where T : ClientBase<T>
{
    /// <summary>A client without a server, to be overridden in tests.</summary>
    protected ClientBase()
    {
    }

    /// <summary>A client on a channel.</summary>
    protected ClientBase(ChannelBase channel)
        : base(channel)
    {
    }

    /// <summary>A client on whatever makes the calls.</summary>
    protected ClientBase(CallInvoker callInvoker)
        : base(callInvoker)
    {
    }

    /// <summary>A client like another one.</summary>
    protected ClientBase(ClientBaseConfiguration configuration)
        : base(configuration)
    {
    }

    /// <summary>The same client asking for another host.</summary>
    public T WithHost(string host) => NewInstance(new ClientBaseConfiguration(Configuration.Invoker, host));

    /// <summary>Makes a client like this one.</summary>
    protected abstract T NewInstance(ClientBaseConfiguration configuration);
}

/// <summary>The base of generated clients.</summary>
public abstract class ClientBase
{
    /// <summary>A client without a server, to be overridden in tests.</summary>
    protected ClientBase()
        : this(new NoCallInvoker())
    {
    }

    /// <summary>A client on a channel.</summary>
    protected ClientBase(ChannelBase channel)
        : this((channel ?? throw new ArgumentNullException(nameof(channel))).CreateCallInvoker())
    {
    }

    /// <summary>A client on whatever makes the calls.</summary>
    protected ClientBase(CallInvoker callInvoker)
        : this(new ClientBaseConfiguration(callInvoker, host: null))
    {
    }

    /// <summary>A client like another one.</summary>
    protected ClientBase(ClientBaseConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        Configuration = configuration;
        CallInvoker = configuration.Host is null ? configuration.Invoker : new HostCallInvoker(configuration.Invoker, configuration.Host);
    }

    /// <summary>Makes the calls.</summary>
    protected CallInvoker CallInvoker { get; }

    internal ClientBaseConfiguration Configuration { get; }

    /// <summary>What a client is made of.</summary>
    protected internal class ClientBaseConfiguration
    {
        internal ClientBaseConfiguration(CallInvoker invoker, string? host)
        {
            ArgumentNullException.ThrowIfNull(invoker);
            Invoker = invoker;
            Host = host;
        }

        internal CallInvoker Invoker { get; }

        internal string? Host { get; }
    }
}
